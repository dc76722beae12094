// 64-bit arithmetic: FNV, xorshift, division, bit counting, and a function with many parameters.
#define EXPORT(name) __attribute__((export_name(name)))
typedef unsigned long long u64;

__attribute__((noinline)) static u64 mix(u64 a, u64 b, u64 c, int r, u64 d, long long e)
{
	return (a ^ b << (r & 63)) + (c | 1) * d + (u64)(e >> 3);
}

EXPORT("run") int run(int n)
{
	u64 hash = 0xcbf29ce484222325ull, x = 88172645463325252ull, sum = 0;
	for (int i = 0; i < n; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		hash = (hash ^ (x & 255)) * 0x100000001b3ull;
		sum += hash / (x % 1000 + 1) + (u64)__builtin_popcountll(x) +
		       (u64)__builtin_clzll(x | 1);
		sum ^= mix(sum, hash, x, i, sum >> 7, (long long)hash % 1013);
	}
	return (int)(sum ^ sum >> 32);
}
EXPORT("run64") long long run64(long long a, long long b)
{
	return a / b ^ a % b;
}
