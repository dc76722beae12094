// Calls to the host in every shape: env.nop(), env.inc(i32), env.print(ptr, len).
#define EXPORT(name) __attribute__((export_name(name)))
#define IMPORT(name) __attribute__((import_module("env"), import_name(name)))
IMPORT("nop") void nop(void);
IMPORT("inc") int inc(int);
IMPORT("print") void print(const char *, int);

EXPORT("run") int run(int n)
{
	static char line[] = "line 0\n";
	int x = 0;
	for (int i = 0; i < n; i++) {
		nop();
		x = inc(x) * 2;
		line[5] = (char)('0' + i % 10);
		print(line, sizeof line - 1);
	}
	return x;
}
