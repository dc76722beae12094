// Two state machines that call each other in tail position, n deep.
#define EXPORT(name) __attribute__((export_name(name)))
static int even(int n, int acc);
__attribute__((noinline)) static int odd(int n, int acc)
{
	if (!n) {
		return ~acc;
	}
	__attribute__((musttail)) return even(n - 1, acc * 5 + 1);
}
typedef int (*step)(int, int);
static const step volatile steps[2] = {odd, even};
__attribute__((noinline)) static int even(int n, int acc)
{
	if (!n) {
		return acc;
	}
	__attribute__((musttail)) return steps[n < 0](n - 1, acc ^ n);
}
EXPORT("run") int run(int n)
{
	return even(n, 0);
}
