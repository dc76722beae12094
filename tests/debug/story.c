/* A program for the sessions with LLDB: `tools/zonda/tests/debug.rs` names its lines. */
struct point {
	int x;
	int y;
	long long weight;
};

struct point points[3];
int total;
volatile int calls;

__attribute__((noinline)) int scale(struct point *p, int by)
{
	int before = p->x;
	calls++;
	p->x = before * by; /* line 16 */
	total += p->x;
	return p->x - before;
}

__attribute__((noinline)) int divide(int a, int b)
{
	calls++;
	return a / b; /* line 24: traps */
}

__attribute__((export_name("run"))) int run(int n)
{
	int sum = 0;
	for (int i = 0; i < n; i++) {
		points[i % 3].x = i + 1;
		points[i % 3].weight = 10000000000LL * i;
		sum += scale(&points[i % 3], 3); /* line 33 */
	}
	return sum; /* line 35 */
}

__attribute__((export_name("trap"))) int trap(int n)
{
	return divide(run(n), n - 2); /* line 40 */
}

/* Runs until somebody changes `stop`. */
volatile int stop;

__attribute__((export_name("spin"))) int spin(void)
{
	unsigned turns = 0;
	while (!stop) {
		turns++;
		calls++; /* line 51 */
	}
	return stop;
}
