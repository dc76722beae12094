// Sorts numbers with a comparison that is chosen at run time: indirect calls, recursion, memory.
#define EXPORT(name) __attribute__((export_name(name)))
typedef int (*compare)(unsigned, unsigned);

static int ascending(unsigned a, unsigned b)
{
	return a < b ? -1 : a > b;
}
static int descending(unsigned a, unsigned b)
{
	return -ascending(a, b);
}
static int by_low_byte(unsigned a, unsigned b)
{
	return ascending(a & 255, b & 255);
}
static const compare comparisons[] = {ascending, descending, by_low_byte};
static unsigned items[1000];

static void sort(unsigned *from, unsigned *to, compare cmp)
{
	if (to - from < 2) {
		return;
	}
	unsigned pivot = from[(to - from) / 2], *low = from, *high = to - 1;
	while (low <= high) {
		while (cmp(*low, pivot) < 0) {
			low++;
		}
		while (cmp(*high, pivot) > 0) {
			high--;
		}
		if (low <= high) {
			unsigned other = *low;
			*low++ = *high;
			*high-- = other;
		}
	}
	sort(from, high + 1, cmp);
	sort(low, to, cmp);
}

EXPORT("run") int run(int n)
{
	unsigned seed = 1, sum = 0;
	for (int i = 0; i < 1000; i++) {
		items[i] = seed = seed * 1664525u + 1013904223u;
	}
	for (int i = 0; i < n; i++) {
		sort(items, items + 1000, comparisons[i % 3]);
	}
	for (int i = 0; i < 1000; i++) {
		sum = sum * 31 + items[i];
	}
	return (int)sum;
}
