/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The static token file: comma-separated values as encoding/csv reads them (a field may be quoted, a doubled
 * quote inside stands for one). Token, user name and uid are required, the fourth field lists groups. Lines
 * with an empty token are skipped, a token that comes again replaces the earlier one, as upstream.
 */
#include "auth/auth.h"

#include <stdlib.h>
#include <string.h>
#include "base/map.h"
#include "base/mem.h"

#define MAX_FIELDS 16
#define MAX_GROUPS 256

struct token_user {
	struct user user;
	char *name, *uid;
	char **groups;
};
struct tokens {
	struct map by_token; /* token -> struct token_user */
};

static void token_user_free(struct token_user *u)
{
	if (!u)
		return;
	for (char **g = u->groups; *g; g++)
		free(*g);
	free(u->groups);
	free(u->name);
	free(u->uid);
	free(u);
}

void tokens_free(struct tokens *t)
{
	if (!t)
		return;
	for (struct map_iter it = {0}; map_next(&t->by_token, &it);)
		token_user_free(it.value);
	map_release(&t->by_token);
	free(t);
}

static void tokens_autofree(struct tokens **t)
{
	tokens_free(*t);
}

/* Reads one record from *p. Returns the number of fields, 0 at the end of the text, -1 when it is malformed.
 */
static int read_record(const char **p, const char *end, struct buf fields[MAX_FIELDS])
{
	while (*p < end && (**p == '\n' || **p == '\r'))
		(*p)++;
	if (*p == end)
		return 0;
	for (int n = 0; n < MAX_FIELDS; n++) {
		struct buf *f = &fields[n];
		buf_clear(f);
		if (*p < end && **p == '"') {
			for ((*p)++;; (*p)++) {
				if (*p == end)
					return -1;
				if (**p == '"' && *p + 1 < end && (*p)[1] == '"')
					(*p)++;
				else if (**p == '"')
					break;
				buf_addc(f, **p);
			}
			(*p)++;
			if (*p < end && **p != ',' && **p != '\n' && **p != '\r')
				return -1;
		} else {
			for (; *p < end && **p != ',' && **p != '\n' && **p != '\r'; (*p)++) {
				if (**p == '"')
					return -1;
				buf_addc(f, **p);
			}
		}
		if (*p == end || **p != ',')
			return n + 1;
		(*p)++;
	}
	return -1;
}

static char **split_groups(const char *s)
{
	char **v = mem_array(MAX_GROUPS + 2, sizeof(*v));
	size_t n = 0;
	while (*s && n < MAX_GROUPS) {
		size_t len = strcspn(s, ",");
		if (len)
			v[n++] = mem_strndup(s, len);
		s += len + (s[len] == ',');
	}
	v[n++] = mem_strdup("system:authenticated");
	return mem_realloc_array(v, n + 1, sizeof(*v));
}

struct tokens *tokens_parse(const char *text, size_t n, struct err *err)
{
	__attribute__((cleanup(tokens_autofree))) struct tokens *t = MEM_NEW(struct tokens);
	struct buf fields[MAX_FIELDS] = {0};
	const char *p = text;
	int got, record = 0, rc = 0;
	while ((got = read_record(&p, text + n, fields)) > 0) {
		record++;
		if (got < 3) {
			rc = err_set(
				err, REASON_INVALID,
				"record %d of the token file must have at least 3 columns (token, user name, user uid), found %d",
				record, got);
			break;
		}
		if (!fields[0].len)
			continue;
		struct token_user *u = MEM_NEW(struct token_user);
		u->name = mem_strdup(buf_str(&fields[1]));
		u->uid = mem_strdup(buf_str(&fields[2]));
		u->groups = split_groups(got > 3 ? buf_str(&fields[3]) : "");
		u->user = (struct user){
			.name = u->name, .uid = u->uid, .groups = (const char *const *)u->groups};
		token_user_free(map_setn(&t->by_token, fields[0].p, fields[0].len, u));
	}
	if (got < 0)
		rc = err_set(err, REASON_INVALID, "record %d of the token file is malformed", record + 1);
	for (int i = 0; i < MAX_FIELDS; i++)
		buf_release(&fields[i]);
	return rc ? NULL : STEAL(t);
}

const struct user *tokens_find(const struct tokens *t, const char *token)
{
	struct token_user *u = t ? map_get(&t->by_token, token) : NULL;
	return u ? &u->user : NULL;
}
