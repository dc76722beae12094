/* Runs a C program of Embench on QEMU's MPS2 boards, for `cargo xtask bench --native`: the start of the image, the
 * triggers, and the end. The vector table is the first thing in memory (board.ld). Output is what firmware/ prints.
 */
#include <stdint.h>

/* CMSDK APB timer 0, which counts down; a tick takes 40 ns, so 40 instructions under -icount shift=0. */
#define TIMER_CTRL (*(volatile uint32_t *)0x40000000)
#define TIMER_VALUE (*(volatile uint32_t *)0x40000004)
#define TIMER_RELOAD (*(volatile uint32_t *)0x40000008)
#define INSTRUCTIONS_PER_TICK 40

#define COPROCESSORS (*(volatile uint32_t *)0xE000ED88)
#define FPU_ENABLED (0xFu << 20)

#define SYS_OPEN 0x01
#define SYS_WRITE 0x05
#define SYS_EXIT 0x18
#define APPLICATION_EXIT 0x20026
#define RUN_TIME_ERROR 0x20023

extern uint32_t data_start[], data_end[], data_load[], bss_start[], bss_end[], stack_top[];
int main(void);

static uint32_t begin;
static uint32_t ticks;

static uint32_t semihosting(uint32_t operation, uint32_t argument)
{
	register uint32_t r0 __asm__("r0") = operation;
	register uint32_t r1 __asm__("r1") = argument;

	__asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
	return r0;
}

static void write_text(const char *text, uint32_t length)
{
	static const char console[] = ":tt";
	const uint32_t mode_w = 4;
	uint32_t open[] = {(uint32_t)console, mode_w, sizeof(console) - 1};
	uint32_t write[] = {semihosting(SYS_OPEN, (uint32_t)open), (uint32_t)text, length};

	semihosting(SYS_WRITE, (uint32_t)write);
}

static void report(uint32_t timed)
{
	char text[] = "zonda-bench result=0 timed=          \n";
	uint32_t divisor = 1000000000;
	char *to = text + sizeof("zonda-bench result=0 timed=") - 1;

	while (divisor > timed && divisor > 1) {
		divisor /= 10;
	}
	for (; divisor != 0; divisor /= 10) {
		*to++ = '0' + timed / divisor % 10;
	}
	*to++ = '\n';
	write_text(text, to - text);
}

void initialise_board(void)
{
	TIMER_RELOAD = UINT32_MAX;
	TIMER_VALUE = UINT32_MAX;
	TIMER_CTRL = 1;
}

void start_trigger(void)
{
	begin = TIMER_VALUE;
}

void stop_trigger(void)
{
	ticks = begin - TIMER_VALUE;
}

/* The C library's exit() and abort(), which no program calls unless it fails. */
void _exit(int status)
{
	(void)status;
	semihosting(SYS_EXIT, RUN_TIME_ERROR);
	for (;;) {
	}
}

void _fini(void)
{
}

static void start(void)
{
	COPROCESSORS |= FPU_ENABLED;
	for (uint32_t *to = data_start, *from = data_load; to < data_end;) {
		*to++ = *from++;
	}
	for (uint32_t *to = bss_start; to < bss_end;) {
		*to++ = 0;
	}
	int result = main();

	if (result == 0) {
		report(ticks * INSTRUCTIONS_PER_TICK);
	}
	semihosting(SYS_EXIT, result == 0 ? APPLICATION_EXIT : RUN_TIME_ERROR);
	for (;;) {
	}
}

static void fault(void)
{
	_exit(1);
}

__attribute__((section(".vectors"), used)) static void *const vectors[] = {
	stack_top, start, fault, fault, fault, fault, fault,
};
