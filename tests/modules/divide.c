/* Traps in the innermost of three calls. Not optimized, so that each call stays one. */

static int sums[4];

static int divide(int dividend, int divisor)
{
	return dividend / divisor;
}

static int work(int n)
{
	int sum = 0;

	for (int i = 3; i >= 0; i--) {
		sum += divide(n, i);
		sums[i] = sum;
	}
	return sum;
}

int run(int n)
{
	return work(n) + 1;
}
