/* A plugin of QEMU (API version 1, which QEMU 7.2 loads) that estimates the cycles of a Cortex-M3 or Cortex-M4, for
 * `cargo xtask bench --cycles`. docs/cycles.md describes the model and has the source of each number.
 *
 * Arguments: out=FILE        where the figures go, one line for each read of the timer: instructions and cycles so far
 *            timer=ADDRESS   the register whose reads mark what is measured
 *            cpu=m3|m4       multiplications differ, and an M4 has an FPU
 *            flash=END       addresses below END are the flash of an nRF52840: wait states and the instruction cache
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The part of QEMU's plugin API, version 1, that is used here (docs/devel/tcg-plugins.rst of QEMU 7.2). */
typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
typedef struct qemu_info_t qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
enum qemu_plugin_mem_rw { QEMU_PLUGIN_MEM_RW = 3 };
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   void (*cb)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
					  void (*cb)(unsigned int, void *),
					  enum qemu_plugin_cb_flags flags, void *user);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
				      void (*cb)(unsigned int, qemu_plugin_meminfo_t, uint64_t,
						 void *),
				      enum qemu_plugin_cb_flags flags, enum qemu_plugin_mem_rw rw,
				      void *user);
bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*cb)(qemu_plugin_id_t, void *),
				    void *user);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

#define NO_REG (-1)
#define PC     15

/* Pipeline refill after a taken branch whose target is in the instruction, and after one whose target is in a register
 * or in memory.
 */
#define REFILL_DIRECT   2
#define REFILL_INDIRECT 3
/* An address that needs the result of the data processing instruction before it. */
#define ADDRESS_DELAY   1

/* The flash of the nRF52840: wait states of a fetch that misses the cache, and of a read of data, which goes past it;
 * the cache's shape.
 */
#define FLASH_MISS      3
#define FLASH_DATA      2
#define LINE_BYTES      16
#define CACHE_WAYS      2
#define CACHE_SETS      64

enum kind { OTHER, LOAD, STORE, FLOAT };

struct timing {
	unsigned int cycles;
	enum kind kind;
	/* Result and address of a load or store of one word, as far as the pipeline needs them. */
	int target, base, index;
	/* A branch to where a register or memory says. */
	bool indirect;
	/* A data processing instruction's result, which delays an address that needs it. */
	int result;
};

/* What a block of code costs when it is executed to its end. */
struct block {
	uint64_t start, end;
	unsigned int cycles, instructions;
	bool indirect;
};

static bool cortex_m4 = true;
static uint64_t timer_address, flash_end;
static FILE *out;

static uint64_t cycles, instructions;
/* Where execution continues if the last block's branch is not taken, and what it costs if it is. */
static uint64_t next;
static unsigned int refill;

static struct {
	uint32_t line[CACHE_WAYS];
} cache[CACHE_SETS];

static unsigned int count(unsigned int bits)
{
	return __builtin_popcount(bits);
}

static struct timing load_or_store(bool load, unsigned int with_store, int target, int base,
				   int index)
{
	return (struct timing){
		.cycles = load ? 2 : with_store,
		.kind = load ? LOAD : STORE,
		.target = target,
		.base = base,
		.index = index,
		.indirect = load && target == PC,
		.result = NO_REG,
	};
}

static struct timing other(unsigned int cycles, int result)
{
	return (struct timing){.cycles = cycles, .target = NO_REG, .base = NO_REG, .index = NO_REG,
			       .result = result};
}

static struct timing many(unsigned int registers, bool branches)
{
	struct timing timing = other(1 + registers, NO_REG);

	timing.indirect = branches;
	return timing;
}

/* Cortex-M3 TRM (DDI 0337I) table 3-1, Cortex-M4 TRM (DDI 0439B) table 3-1. */
static struct timing narrow(uint16_t op)
{
	switch (op >> 12) {
	case 0x4:
		if ((op & 0xF800) == 0x4800) { /* ldr rt, [pc, #imm] */
			return load_or_store(true, 0, op >> 8 & 7, PC, NO_REG);
		}
		if ((op & 0xFF00) == 0x4700) { /* bx, blx */
			struct timing timing = other(1, NO_REG);

			timing.indirect = true;
			return timing;
		}
		if ((op & 0xFC00) == 0x4400) { /* add, cmp, mov of high registers */
			int result = (op & 7) | (op >> 4 & 8);
			struct timing timing = other(1, (op & 0xFF00) == 0x4500 ? NO_REG : result);

			timing.indirect = timing.result == PC;
			return timing;
		}
		return other(1, op & 7);
	case 0x5: /* register offset: str, strh, strb, then loads */
		return load_or_store((op >> 9 & 7) >= 3, 2, op & 7, op >> 3 & 7, op >> 6 & 7);
	case 0x6:
	case 0x7:
	case 0x8:
		return load_or_store(op & 0x0800, 1, op & 7, op >> 3 & 7, NO_REG);
	case 0x9:
		return load_or_store(op & 0x0800, 1, op >> 8 & 7, 13, NO_REG);
	case 0xB:
		if ((op & 0xFE00) == 0xB400) { /* push */
			return many(count(op & 0x1FF), false);
		}
		if ((op & 0xFE00) == 0xBC00) { /* pop */
			return many(count(op & 0x1FF), op & 0x100);
		}
		/* An `it` is folded into the instruction before it. */
		return other((op & 0xFF00) == 0xBF00 && (op & 0xF) != 0 ? 0 : 1,
			     (op & 0xFF00) == 0xB200 ? op & 7 : NO_REG);
	case 0xC:
		return many(count(op & 0xFF), false);
	case 0x0:
	case 0x1:
		return other(1, op & 7);
	case 0x2:
	case 0x3: /* mov, cmp, add, sub with an immediate */
		return other(1, (op & 0xF800) == 0x2800 ? NO_REG : op >> 8 & 7);
	case 0xA:
		return other(1, op >> 8 & 7);
	default:
		return other(1, NO_REG);
	}
}

static struct timing float_instruction(uint16_t first, uint16_t second)
{
	struct timing timing = other(1, NO_REG);

	if ((first & 0xFE00) == 0xEC00) {
		if ((first & 0xFFE0) == 0xEC40) { /* two registers */
			timing.cycles = 2;
		} else if ((first & 0xFF20) == 0xED00) { /* vldr, vstr of s or d */
			timing.cycles = (second & 0x0F00) == 0x0B00 ? 3 : 2;
		} else { /* vldm, vstm, vpush, vpop */
			timing.cycles = 1 + (second & 0xFF);
		}
		return timing;
	}
	if ((first & 0xFF00) != 0xEE00 || (second & 0x0010) != 0) { /* vmov, vmrs */
		return timing;
	}
	timing.kind = FLOAT;
	timing.target = (second >> 12 & 15) << 1 | (first >> 6 & 1);
	switch (first & 0x00B0) {
	case 0x0000: /* vmla, vmls */
	case 0x0010: /* vnmla, vnmls */
	case 0x00A0: /* vfma, vfms */
	case 0x0090:
		timing.cycles = 3;
		break;
	case 0x0080: /* vdiv */
		timing.cycles = 14;
		break;
	case 0x00B0:
		timing.cycles = (first & 0xF) == 1 && (second & 0xC0) == 0xC0 ? 14 : 1; /* vsqrt */
		break;
	}
	return timing;
}

static struct timing wide(uint16_t first, uint16_t second)
{
	if ((first & 0xFE40) == 0xE800) { /* ldm, stm, push, pop */
		bool load = first & 0x10;

		return many(count(second), load && (second & 0x8000));
	}
	if ((first & 0xFE40) == 0xE840) {
		if ((first & 0xFFF0) == 0xE8D0 && (second & 0xFFE0) == 0xF000) { /* tbb, tbh */
			struct timing timing = other(3, NO_REG);

			timing.indirect = true;
			return timing;
		}
		return other(3, NO_REG); /* ldrd, strd, exclusive */
	}
	if ((first & 0xFE00) == 0xF800) {
		bool immediate = (first & 0x80) != 0 || (second & 0x800) != 0;

		return load_or_store(first & 0x10, immediate ? 1 : 2, second >> 12, first & 15,
				     immediate || (first & 15) == PC ? NO_REG : second & 15);
	}
	if ((first & 0xEC00) == 0xEC00 && (second & 0x0E00) == 0x0A00) {
		return float_instruction(first, second);
	}
	if ((first & 0xFFD0) == 0xFB90) { /* sdiv, udiv: 2 to 12 */
		return other(6, second >> 8 & 15);
	}
	if ((first & 0xFF80) == 0xFB80) { /* 64-bit products: M3 3 to 5, with accumulation 4 to 7 */
		bool accumulates = first & 0x40;

		return other(cortex_m4 ? 1 : accumulates ? 5 : 4, second >> 8 & 15);
	}
	if ((first & 0xFF80) == 0xFB00) { /* 32-bit products; mla, mls take 2 on an M3 */
		bool accumulates = (second & 0xF000) != 0xF000;

		return other(cortex_m4 || !accumulates ? 1 : 2, second >> 8 & 15);
	}
	if ((first & 0xF800) == 0xF000 && (second & 0x8000)) { /* branches, msr, barriers */
		return other(1, NO_REG);
	}
	return other(1, second >> 8 & 15);
}

static void touch(uint64_t address)
{
	uint32_t line = address / LINE_BYTES + 1; /* 0 is an empty way */
	uint32_t *way = cache[(line - 1) % CACHE_SETS].line;

	if (way[0] == line) {
		return;
	}
	if (way[1] != line) {
		cycles += FLASH_MISS;
	}
	way[1] = way[0];
	way[0] = line;
}

static void executed(unsigned int cpu, void *user)
{
	const struct block *block = user;

	if (block->start != next) {
		cycles += refill;
	}
	if (block->start < flash_end) {
		for (uint64_t at = block->start / LINE_BYTES * LINE_BYTES; at < block->end;
		     at += LINE_BYTES) {
			touch(at);
		}
	}
	cycles += block->cycles;
	instructions += block->instructions;
	next = block->end;
	refill = block->indirect ? REFILL_INDIRECT : REFILL_DIRECT;
}

static void was_read(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t address, void *user)
{
	/* QEMU 7.2 delivers stores to who asked for loads only. */
	if (qemu_plugin_mem_is_store(info)) {
		return;
	}
	if (address < flash_end) {
		cycles += FLASH_DATA;
	} else if (address == timer_address) {
		fprintf(out, "%" PRIu64 " %" PRIu64 "\n", instructions, cycles);
	}
}

static bool needs(const struct timing *timing, int reg)
{
	return reg != NO_REG && (timing->base == reg || timing->index == reg);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t length = qemu_plugin_tb_n_insns(tb);
	/* QEMU keeps blocks, and may ask for one again: this is freed when the process ends. */
	struct block *block = calloc(1, sizeof(*block));
	struct timing before = other(0, NO_REG);

	if (block == NULL) {
		abort();
	}
	for (size_t i = 0; i < length; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t address = qemu_plugin_insn_vaddr(insn);
		size_t size = qemu_plugin_insn_size(insn);
		const uint8_t *bytes = qemu_plugin_insn_data(insn);
		uint16_t first = bytes[0] | bytes[1] << 8;
		struct timing now =
			size == 2 ? narrow(first) : wide(first, bytes[2] | bytes[3] << 8);

		block->cycles += now.cycles;
		if ((now.kind == LOAD || now.kind == STORE) && now.target != PC) {
			/* The address phase overlaps with the data phase of a load before it. */
			if (before.kind == LOAD && now.cycles == 2 && !needs(&now, before.target)) {
				block->cycles--;
			}
		}
		if (needs(&now, before.result)) {
			block->cycles += ADDRESS_DELAY;
		}
		qemu_plugin_register_vcpu_mem_cb(insn, was_read, QEMU_PLUGIN_CB_NO_REGS,
						 QEMU_PLUGIN_MEM_RW, NULL);
		if (i == 0) {
			block->start = address;
		}
		block->end = address + size;
		block->instructions++;
		block->indirect = now.indirect;
		before = now;
	}
	qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, QEMU_PLUGIN_CB_NO_REGS, block);
}

static void ended(qemu_plugin_id_t id, void *user)
{
	fclose(out);
}

static const char *value(const char *argument, const char *name)
{
	size_t length = strlen(name);

	return strncmp(argument, name, length) == 0 ? argument + length : NULL;
}

__attribute__((visibility("default"))) int
qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		const char *text;

		if ((text = value(argv[i], "out=")) != NULL) {
			out = fopen(text, "w");
		} else if ((text = value(argv[i], "timer=")) != NULL) {
			timer_address = strtoull(text, NULL, 0);
		} else if ((text = value(argv[i], "flash=")) != NULL) {
			flash_end = strtoull(text, NULL, 0);
		} else if ((text = value(argv[i], "cpu=")) != NULL) {
			cortex_m4 = strcmp(text, "m4") == 0;
		} else {
			fprintf(stderr, "cycles: unknown argument %s\n", argv[i]);
			return -1;
		}
	}
	if (out == NULL) {
		fprintf(stderr, "cycles: out=FILE is missing or cannot be written\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
	return 0;
}
