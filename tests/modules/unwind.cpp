// C++ exceptions as clang compiles them for WebAssembly, to the older encoding: clauses, cleanups
// of destructors, rethrows, nested in each other and across calls. The runtime of C++ exceptions is
// as small as it can be: it knows `catch (...)` only, which needs no types. Compiled for the host,
// the program uses that of the host.

#ifdef __wasm__
using size_t = decltype(sizeof(0));

extern "C" {
void *_ZTIi = nullptr; // The type of int, which nothing looks at.

static char objects[8][16];
static unsigned used;
static void *caught[8];
static unsigned depth;

void *__cxa_allocate_exception(size_t) noexcept
{
	return objects[used++ % 8];
}
[[noreturn, gnu::noinline]] void __cxa_throw(void *object, void *, void (*)(void *))
{
	__builtin_wasm_throw(0, object);
}
void *__cxa_begin_catch(void *object) noexcept
{
	return caught[depth++ % 8] = object;
}
void __cxa_end_catch()
{
	depth--;
}
[[noreturn, gnu::noinline]] void __cxa_rethrow()
{
	__builtin_wasm_throw(0, caught[(depth - 1) % 8]);
}
[[noreturn]] void _ZSt9terminatev()
{
	__builtin_trap();
}
}
#define EXPORT(name) [[clang::export_name(name)]]
#else
#define EXPORT(name)
#endif

static unsigned noted;

static void note(unsigned number)
{
	noted = noted * 31 + number;
}

struct Cleanup {
	unsigned number;
	explicit Cleanup(unsigned number) : number(number)
	{
		note(number);
	}
	~Cleanup()
	{
		note(number + 1000);
	}
};

[[gnu::noinline]] static void maybe(unsigned n, unsigned at)
{
	Cleanup cleanup(at);
	if (n == at) {
		throw static_cast<int>(n);
	}
}

[[gnu::noinline]] static void calls(unsigned n)
{
	Cleanup first(1);
	maybe(n, 2);
	{
		Cleanup second(3);
		try {
			maybe(n, 4);
			Cleanup third(5);
			maybe(n, 6);
			if (n == 7) {
				throw 7;
			}
		} catch (...) {
			Cleanup fourth(8);
			note(9);
			if (n & 2) {
				throw;
			}
			maybe(n, 4);
		}
	}
	maybe(n, 10);
}

[[gnu::noinline]] static unsigned down(unsigned n)
{
	Cleanup cleanup(n);
	if (n == 0) {
		throw 0;
	}
	try {
		return down(n - 1);
	} catch (...) {
		note(n);
		if (n < 4) {
			throw;
		}
		return n;
	}
}

extern "C" EXPORT("run") unsigned run(unsigned n)
{
	noted = 0;
	try {
		calls(n);
		note(20);
	} catch (...) {
		note(21);
	}
	try {
		note(down(n));
	} catch (...) {
		note(22);
	}
	return noted;
}
