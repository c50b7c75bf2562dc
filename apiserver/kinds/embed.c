/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kind files travel inside the binary: the assembler includes their bytes, the build writes the list of
 * them (kinds_embed.inc: KIND_FILE(identifier, "path from the root of the tree")).
 */
#include "kinds/kinds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/mem.h"
#include "kinds/strategies.h"

#define KIND_FILE(id, path)                                                                                  \
	__asm__(".pushsection .rodata\n"                                                                     \
		"kind_begin_" #id ":\n"                                                                      \
		".incbin \"" path "\"\n"                                                                     \
		"kind_end_" #id ":\n"                                                                        \
		".popsection\n");                                                                            \
	extern const char kind_begin_##id[], kind_end_##id[];
#include "kinds_embed.inc"
#undef KIND_FILE

static const struct embedded {
	const char *name, *begin, *end;
} embedded[] = {
#define KIND_FILE(id, path) {path, kind_begin_##id, kind_end_##id},
#include "kinds_embed.inc"
#undef KIND_FILE
};

struct files {
	struct schema_file v[ARRAY_LEN(embedded) + KINDS_EXTRA_MAX]; /* the embedded ones first */
	size_t n;
};

static void files_free(struct files **pf)
{
	struct files *f = *pf;
	for (size_t i = ARRAY_LEN(embedded); i < f->n; i++) {
		free((char *)f->v[i].name);
		free((char *)f->v[i].p);
	}
	free(f);
}

static int read_file(const char *path, struct schema_file *ret, struct err *err)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, "%s", path);
	if (st.st_size > KINDS_FILE_MAX)
		return err_set(err, REASON_INVALID, "%s: larger than %d bytes", path, KINDS_FILE_MAX);
	size_t n = (size_t)st.st_size, got = 0;
	autofree char *p = mem_alloc(n + 1);
	while (got < n) {
		ssize_t r = read(fd, p + got, n - got);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_errno(err, "%s", path);
		if (r == 0)
			break;
		got += (size_t)r;
	}
	*ret = (struct schema_file){.name = mem_strdup(path), .p = STEAL(p), .n = got};
	return 0;
}

static int is_yaml(const struct dirent *d)
{
	const char *dot = strrchr(d->d_name, '.');
	return dot && dot != d->d_name && strcmp(dot, ".yaml") == 0;
}

static int read_dir(struct files *f, const char *dir, struct err *err)
{
	struct dirent **names;
	int n = scandir(dir, &names, is_yaml, alphasort);
	if (n < 0)
		return err_errno(err, "%s", dir);
	int r = n > KINDS_EXTRA_MAX
			? err_set(err, REASON_INVALID, "%s: more than %d files", dir, KINDS_EXTRA_MAX)
			: 0;
	for (int i = 0; i < n; i++) {
		autofree char *path = mem_printf("%s/%s", dir, names[i]->d_name);
		if (r == 0)
			r = read_file(path, &f->v[f->n], err);
		if (r == 0)
			f->n++;
		free(names[i]);
	}
	free(names);
	return r;
}

struct schema *kinds_load(const char *extra_dir, struct err *err)
{
	__attribute__((cleanup(files_free))) struct files *f = MEM_NEW(struct files);
	for (size_t i = 0; i < ARRAY_LEN(embedded); i++)
		f->v[f->n++] = (struct schema_file){
			.name = embedded[i].name,
			.p = embedded[i].begin,
			.n = (size_t)(embedded[i].end - embedded[i].begin),
			.lasting = true,
		};
	if (extra_dir && read_dir(f, extra_dir, err) < 0)
		return NULL;
	struct schema *s = schema_load(f->v, f->n, err);
	if (s)
		schema_bind(s, strategies_look_up);
	return s;
}
