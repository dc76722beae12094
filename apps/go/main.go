// SPDX-License-Identifier: Apache-2.0

// A Go program with the standard library, for zonda run: goroutines, a map, a file, an exit code.
// GOOS=wasip1 GOARCH=wasm go build -o go.wasm main.go
package main

import (
	"fmt"
	"os"
	"sort"
	"strings"
)

func main() {
	words := make(chan string)
	go func() {
		defer close(words)
		for _, arg := range os.Args[1:] {
			words <- strings.ToUpper(arg)
		}
	}()
	counts := map[string]int{}
	for word := range words {
		counts[word]++
	}
	names := make([]string, 0, len(counts))
	for name := range counts {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Printf("%s %d\n", name, counts[name])
	}
	text, err := os.ReadFile("/data/in.txt")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%d bytes for %s\n", len(text), os.Getenv("NAME"))
	os.Exit(3)
}
