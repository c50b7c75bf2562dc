/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/last.h"

#include <errno.h>
#include <unistd.h>

#include "os/tree.h"

#define LAST_MAX (4u << 20)

char *last_dir(const char *root)
{
	return mem_printf("%s/ended", root);
}

static char *last_path(const char *root, const char *uid)
{
	return mem_printf("%s/ended/%s", root, uid);
}

void last_write(const char *root, const char *uid, const js *status)
{
	struct err ignored = ERR_INIT;
	autobuf struct buf b = BUF_INIT;
	autofree char *dir = last_dir(root), *path = last_path(root, uid);
	js_write(&b, status);
	if (tree_mkdirs(dir, 0700, &ignored) == 0)
		(void)!tree_write(path, b.p, b.len, 0600, TREE_VOLATILE, &ignored);
}

js *last_read(const char *root, const char *uid)
{
	struct err ignored = ERR_INIT;
	autobuf struct buf b = BUF_INIT;
	autofree char *path = last_path(root, uid);
	if (tree_read(path, LAST_MAX, &b, &ignored) < 0)
		return NULL;
	return js_parse(buf_str(&b), b.len, NULL, &ignored);
}

int last_remove(const char *root, const char *uid, struct err *err)
{
	autofree char *path = last_path(root, uid);
	return unlink(path) < 0 && errno != ENOENT ? err_errno(err, "remove %s", path) : 0;
}
