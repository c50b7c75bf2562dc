/* SPDX-License-Identifier: Apache-2.0 */
/* See storage_internal.h. A directory is noted in both forms that a kind may have: of one part (core), and of two. */
#include <string.h>
#include "storage/cache/storage_internal.h"

#define DIRS_MAX 1024 /* above that everything may hold something */

void strays_release(struct strays *s)
{
	map_release(&s->dirs);
}

void strays_note_dir(struct strays *s, const char *dir)
{
	if (s->any || map_get(&s->dirs, dir))
		return;
	s->any = map_len(&s->dirs) >= DIRS_MAX;
	map_set(&s->dirs, dir, s);
}

void strays_note(struct strays *s, const char *key)
{
	const char *end = strchr(key, '/');

	for (int parts = 0; end && parts < 2; parts++, end = strchr(end + 1, '/')) {
		autofree char *dir = mem_strndup(key, (size_t)(end - key));
		strays_note_dir(s, dir);
	}
}

bool strays_have(const struct strays *s, const char *dir)
{
	return s->any || map_get(&s->dirs, dir);
}
