// A first-fit allocator that grows memory, and a linked list in it: memory.size, memory.grow,
// memory.copy, memory.fill.
#define EXPORT(name) __attribute__((export_name(name)))
extern unsigned char __heap_base;
struct header {
	unsigned size;
	struct header *next;
};
static struct header *free_list;
static unsigned top;

static void *take(unsigned size)
{
	size = (size + 15) & ~7u;
	for (struct header **at = &free_list; *at; at = &(*at)->next) {
		if ((*at)->size >= size) {
			struct header *found = *at;
			*at = found->next;
			return found + 1;
		}
	}
	if (!top) {
		top = (unsigned)(unsigned long)&__heap_base;
	}
	unsigned end = top + size + sizeof(struct header);
	unsigned have = __builtin_wasm_memory_size(0) << 16;
	if (end > have &&
	    __builtin_wasm_memory_grow(0, (end - have + 65535) >> 16) == (unsigned long)-1) {
		return 0;
	}
	struct header *made = (struct header *)(unsigned long)top;
	made->size = size;
	top = end;
	return made + 1;
}

static void give(void *pointer)
{
	struct header *header = (struct header *)pointer - 1;
	header->next = free_list;
	free_list = header;
}

struct item {
	struct item *next;
	unsigned value;
	unsigned char text[];
};

EXPORT("run") int run(int n)
{
	struct item *head = 0;
	unsigned sum = 0;
	for (int i = 0; i < n; i++) {
		unsigned length = (unsigned)(i * 37 % 300);
		struct item *item = take(sizeof *item + length);
		if (!item) {
			return -1;
		}
		item->next = head, item->value = (unsigned)i;
		__builtin_memset(item->text, i, length);
		if (head && length > 20) {
			__builtin_memcpy(item->text, head->text,
					 (head->value * 37 % 300) < 20 ? 0 : 20);
		}
		head = item;
		if (i % 3 == 2) {
			struct item *gone = head->next;
			head->next = gone->next;
			give(gone);
		}
	}
	for (struct item *item = head; item; item = item->next) {
		unsigned length = item->value * 37 % 300;
		for (unsigned i = 0; i < length; i++) {
			sum = sum * 33 + item->text[i];
		}
		sum ^= item->value;
	}
	return (int)(sum + (__builtin_wasm_memory_size(0) << 24));
}
