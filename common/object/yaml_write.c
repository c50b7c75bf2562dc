/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing goes through libyaml's emitter, which knows when a plain scalar would be misread by the grammar;
 * yaml_resolve adds when it would be misread by type. Keys are sorted, as everything that passed
 * sigs.k8s.io/yaml has them.
 */
#include "object/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>
#include "object/yaml_scalar.h"

static int on_write(void *data, unsigned char *p, size_t n)
{
	buf_add(data, p, n);
	return 1;
}

/* The emitter takes the event, whether it succeeds or not. Kept out of emit() so that its frame stays small.
 */
static __attribute__((noinline)) void send(yaml_emitter_t *y, int made, yaml_event_t *e)
{
	if (!made || !yaml_emitter_emit(y, e))
		abort(); /* out of memory: the trees here have no other way to fail */
}

static __attribute__((noinline)) void simple(yaml_emitter_t *y, yaml_event_type_t type)
{
	yaml_event_t e;
	int made;

	switch (type) {
	case YAML_STREAM_START_EVENT:
		made = yaml_stream_start_event_initialize(&e, YAML_UTF8_ENCODING);
		break;
	case YAML_STREAM_END_EVENT:
		made = yaml_stream_end_event_initialize(&e);
		break;
	case YAML_DOCUMENT_START_EVENT:
		made = yaml_document_start_event_initialize(&e, NULL, NULL, NULL, 1);
		break;
	case YAML_DOCUMENT_END_EVENT:
		made = yaml_document_end_event_initialize(&e, 1);
		break;
	case YAML_MAPPING_START_EVENT:
		made = yaml_mapping_start_event_initialize(&e, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE);
		break;
	case YAML_MAPPING_END_EVENT:
		made = yaml_mapping_end_event_initialize(&e);
		break;
	case YAML_SEQUENCE_START_EVENT:
		made = yaml_sequence_start_event_initialize(&e, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE);
		break;
	default:
		made = yaml_sequence_end_event_initialize(&e);
	}
	send(y, made, &e);
}

static __attribute__((noinline)) void scalar(yaml_emitter_t *y, const char *s, size_t n,
					     yaml_scalar_style_t style)
{
	yaml_event_t e;
	int made = yaml_scalar_event_initialize(&e, NULL, NULL, (const yaml_char_t *)s, (int)n, 1, 1, style);

	send(y, made, &e);
}

/* 1:30 and its like are base-60 numbers to older YAML readers. */
static bool base60(const char *s, size_t n)
{
	bool colon = false;

	for (size_t i = *s == '-' || *s == '+'; i < n; i++) {
		if (s[i] == ':')
			colon = true;
		else if ((s[i] < '0' || s[i] > '9') && s[i] != '_' && s[i] != '.')
			return false;
	}
	return colon;
}

/* Dates, which other readers turn into times: quoted upstream, so quoted here. */
static bool date(const char *s, size_t n)
{
	return n >= 8 && strspn(s, "0123456789") == 4 && s[4] == '-' && strspn(s, "0123456789-:.TtZ+ ") >= n;
}

static void string(yaml_emitter_t *y, const char *s, size_t n)
{
	bool plain = yaml_resolve(s, n).type == YAML_STRING && !base60(s, n) && !date(s, n) &&
		     !(n == 2 && !memcmp(s, "<<", 2));
	yaml_scalar_style_t style = memchr(s, '\n', n) ? YAML_LITERAL_SCALAR_STYLE
				    : plain	       ? YAML_PLAIN_SCALAR_STYLE
						       : YAML_DOUBLE_QUOTED_SCALAR_STYLE;

	scalar(y, s, n, style);
}

static __attribute__((noinline)) void other(yaml_emitter_t *y, const js *o)
{
	autobuf struct buf b = BUF_INIT;

	js_write(&b, o);
	scalar(y, buf_str(&b), b.len, YAML_PLAIN_SCALAR_STYLE);
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct js_iter *)a)->key, ((const struct js_iter *)b)->key);
}

/* The members in key order; owned by the caller. */
static __attribute__((noinline)) struct js_iter *sorted(const js *o, size_t n)
{
	struct js_iter *v = mem_array(n, sizeof(*v));
	size_t i = 0;

	for (struct js_iter it = js_iter(o); js_next(&it);)
		v[i++] = it;
	qsort(v, i, sizeof(*v), by_key);
	return v;
}

static void emit(yaml_emitter_t *y, const js *o)
{
	size_t n = js_len(o);

	if (js_is_obj(o)) {
		struct js_iter *members = sorted(o, n);

		simple(y, YAML_MAPPING_START_EVENT);
		for (size_t i = 0; i < n; i++) {
			string(y, members[i].key, strlen(members[i].key));
			emit(y, members[i].value);
		}
		simple(y, YAML_MAPPING_END_EVENT);
		free(members);
	} else if (js_is_arr(o)) {
		simple(y, YAML_SEQUENCE_START_EVENT);
		for (size_t i = 0; i < n; i++)
			emit(y, js_at(o, i));
		simple(y, YAML_SEQUENCE_END_EVENT);
	} else if (js_is_str(o)) {
		const char *s = js_bytes(o, &n);

		string(y, s, n);
	} else {
		other(y, o);
	}
}

void yaml_write(struct buf *out, const js *o)
{
	yaml_emitter_t y;

	if (!yaml_emitter_initialize(&y))
		abort(); /* out of memory */
	yaml_emitter_set_output(&y, on_write, out);
	yaml_emitter_set_unicode(&y, 1);
	yaml_emitter_set_width(&y, -1);
	simple(&y, YAML_STREAM_START_EVENT);
	simple(&y, YAML_DOCUMENT_START_EVENT);
	emit(&y, o);
	simple(&y, YAML_DOCUMENT_END_EVENT);
	simple(&y, YAML_STREAM_END_EVENT);
	yaml_emitter_delete(&y);
}
