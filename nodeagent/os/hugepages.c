/* SPDX-License-Identifier: Apache-2.0 */
#include "os/hugepages.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "os/tree.h"

/* Of a name "hugepages-2048kB"; 0: it is another one. */
static int64_t size_of(const char *name)
{
	long long kib;
	int end = 0;

	if (sscanf(name, "hugepages-%12lldkB%n", &kib, &end) != 1 || !end || name[end] || kib <= 0)
		return 0;
	return kib * 1024;
}

static int by_size(const void *a, const void *b)
{
	const struct hugepages_size *x = a, *y = b;
	return (x->size > y->size) - (x->size < y->size);
}

void hugepages_read(const char *dir, struct hugepages *ret)
{
	DIR *d = opendir(dir);
	const struct dirent *e;

	*ret = (struct hugepages){.n = 0};
	while (d && ret->n < HUGEPAGES_SIZES_MAX && (e = readdir(d))) {
		struct err ignored = ERR_INIT;
		autobuf struct buf b = BUF_INIT;
		autofree char *path = mem_printf("%s/%s/nr_hugepages", dir, e->d_name);
		int64_t size = size_of(e->d_name);
		if (size && tree_read(path, 64, &b, &ignored) == 0)
			ret->v[ret->n++] = (struct hugepages_size){size, strtoll(buf_str(&b), NULL, 10)};
	}
	if (d)
		closedir(d);
	qsort(ret->v, ret->n, sizeof(*ret->v), by_size);
}

void hugepages_unit(int64_t size, char ret[HUGEPAGES_UNIT_MAX])
{
	static const char *const units[] = {"B", "KB", "MB", "GB"};
	size_t i = 0;

	for (; size % 1024 == 0 && size && i + 1 < ARRAY_LEN(units); i++)
		size /= 1024;
	snprintf(ret, HUGEPAGES_UNIT_MAX, "%lld%s", (long long)size, units[i]);
}
