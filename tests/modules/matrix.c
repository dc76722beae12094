// Multiplies matrices of doubles and floats: floating point, nested loops, conversions that
// saturate.
#define EXPORT(name) __attribute__((export_name(name)))
#define N            12
static double a[N][N], b[N][N], c[N][N];
static float f[N];

EXPORT("run") int run(int n)
{
	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++) {
			a[i][j] = (i * 7 + j * 3) % 11 - 5, b[i][j] = (i * 5 + j) % 13 * 0.25;
		}
	}
	for (int round = 0; round < n; round++) {
		for (int i = 0; i < N; i++) {
			for (int j = 0; j < N; j++) {
				double sum = 0;
				for (int k = 0; k < N; k++) {
					sum += a[i][k] * b[k][j];
				}
				c[i][j] = sum / 16;
			}
		}
		for (int i = 0; i < N; i++) {
			f[i] = (float)__builtin_sqrt(__builtin_fabs(c[i][round % N]));
			for (int j = 0; j < N; j++) {
				a[i][j] = __builtin_floor(c[i][j]) + (double)f[i];
			}
		}
	}
	double sum = 0;
	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++) {
			sum += a[i][j] * (i - j);
		}
	}
	// Both saturate for large rounds.
	long long wide = sum > 9e18    ? 0x7fffffffffffffffLL
			 : sum < -9e18 ? -0x7fffffffffffffffLL
				       : (long long)(sum * 16);
	return (int)(wide ^ wide >> 32);
}
