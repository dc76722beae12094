// A small stack machine: one large switch, so a large br_table.
#define EXPORT(name) __attribute__((export_name(name)))
enum {
	PUSH,
	ADD,
	SUB,
	MUL,
	DUP,
	SWAP,
	OVER,
	DROP,
	JUMPNZ,
	DEC,
	XOR,
	SHL,
	SHR,
	AND,
	OR,
	NOT,
	NEG,
	HALT
};
// acc = 0; while (n) { acc = (acc * 31 + n) ^ (acc >> 3); n-- }
static const signed char program[] = {SWAP, PUSH, 31,   MUL, OVER, ADD,    DUP, PUSH, 3,
				      SHR,  XOR,  SWAP, DEC, DUP,  JUMPNZ, -16, DROP, HALT};

EXPORT("run") int run(int n)
{
	int stack[16], sp = 0, pc = 0;
	stack[sp++] = 0;
	stack[sp++] = n;
	for (;;) {
		switch (program[pc++]) {
		case PUSH:
			stack[sp++] = program[pc++];
			break;
		case ADD:
			sp--, stack[sp - 1] += stack[sp];
			break;
		case SUB:
			sp--, stack[sp - 1] -= stack[sp];
			break;
		case MUL:
			sp--, stack[sp - 1] = (int)((unsigned)stack[sp - 1] * (unsigned)stack[sp]);
			break;
		case DUP:
			stack[sp] = stack[sp - 1], sp++;
			break;
		case SWAP: {
			int t = stack[sp - 1];
			stack[sp - 1] = stack[sp - 2];
			stack[sp - 2] = t;
			break;
		}
		case OVER:
			stack[sp] = stack[sp - 2], sp++;
			break;
		case DROP:
			sp--;
			break;
		case JUMPNZ: {
			int by = program[pc++];
			if (stack[--sp]) {
				pc += by;
			}
			break;
		}
		case DEC:
			stack[sp - 1]--;
			break;
		case XOR:
			sp--, stack[sp - 1] ^= stack[sp];
			break;
		case SHL:
			sp--, stack[sp - 1] = (int)((unsigned)stack[sp - 1] << (stack[sp] & 31));
			break;
		case SHR:
			sp--, stack[sp - 1] >>= stack[sp] & 31;
			break;
		case AND:
			sp--, stack[sp - 1] &= stack[sp];
			break;
		case OR:
			sp--, stack[sp - 1] |= stack[sp];
			break;
		case NOT:
			stack[sp - 1] = ~stack[sp - 1];
			break;
		case NEG:
			stack[sp - 1] = -stack[sp - 1];
			break;
		default:
			return stack[sp - 1];
		}
	}
}
