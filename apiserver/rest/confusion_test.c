/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of the wrong type in every place of every kind, by every verb that takes a body: whatever a client sends is taken or
 * refused in words, never by a fault, and what is stored can be read again. The requests come from the kind files.
 *
 *	confusion_test		every place, some values each
 *	confusion_test all	every place, every value, every way (minutes)
 *	confusion_test print	these requests as lines METHOD, PATH, CONTENT-TYPE, BODY between tabs, for whoever sends them
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/minimal_test.h"
#include "kinds/sample.h"
#include "object/json_test.h"
#include "rest/rig_test.h"

#define NAME "confused"
#define SOME 3 /* of the values and ways, for every place */

static enum { RUN_SOME, RUN_ALL, PRINT } mode;
static size_t sent;

/* What a kind cannot do without, so that what is wrong is the value and nothing else. */
static js *needed(const struct kind *k)
{
	autofree char *text = mem_printf("{%s}", minimal_members(k));
	struct err err = ERR_INIT;
	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	return js_parse(text, strlen(text), NULL, &err);
}

static js *object(const struct kind *k, const js *from)
{
	js *o = from ? js_dup(from) : NULL;
	autofree char *version =
		*k->group ? mem_printf("%s/%s", k->group, k->version) : mem_strdup(k->version);
	if (!js_is_obj(o)) {
		js_autoput(&o);
		return from ? js_dup(from) : NULL;
	}
	js_set_str(o, "kind", k->kind);
	js_set_str(o, "apiVersion", version);
	js *m = js_field(o, "metadata");
	if (!m)
		js_set(o, "metadata", m = js_new_obj());
	if (js_is_obj(m) && !js_field(m, "name"))
		js_set_str(m, "name", minimal_name(k, NAME));
	return o;
}

/* Where objects of the kind live; with a name, the object. */
static char *address(const struct kind *k, const char *name, const char *rest)
{
	return mem_printf("/%s%s%s/%s%s/%s%s%s%s", *k->group ? "apis" : "api", *k->group ? "/" : "", k->group,
			  k->version, k->namespaced ? "/namespaces/default" : "", k->resource,
			  *name ? "/" : "", *name ? minimal_name(k, name) : "", rest);
}

struct way {
	const char *method, *type, *name, *rest;
	bool whole;	/* the body is the object, not a patch of it */
	bool status;	/* only where there is one */
	bool operation; /* a JSON patch that puts the value into its place */
	unsigned verb;
};
static const struct way ways[] = {
	{"POST", "application/json", "", "?dryRun=All", true, false, false, VERB_CREATE},
	{"PUT", "application/json", NAME, "", true, false, false, VERB_UPDATE},
	{"PATCH", "application/merge-patch+json", NAME, "", false, false, false, VERB_PATCH},
	{"PATCH", "application/strategic-merge-patch+json", NAME, "", false, false, false, VERB_PATCH},
	{"PATCH", "application/json-patch+json", NAME, "", false, false, true, VERB_PATCH},
	{"PUT", "application/json", NAME, "/status", true, true, false, VERB_UPDATE},
	{"PATCH", "application/merge-patch+json", NAME, "/status", false, true, false, VERB_PATCH},
	{"POST", "application/yaml", "", "?dryRun=All&fieldValidation=Strict", true, false, false,
	 VERB_CREATE},
};

static void send_one(const struct kind *k, const struct way *w, const struct sample_place *p, const js *value)
{
	autojson js *with = sample_with(p, value ? js_dup(value) : NULL), *body = NULL;
	autobuf struct buf text = BUF_INIT, pointer = BUF_INIT;
	autofree char *path = address(k, w->name, w->rest);
	if (w->operation) {
		js *op = js_new_obj();
		sample_pointer(p, &pointer);
		js_set_str(op, "op", "add");
		js_set_str(op, "path", buf_str(&pointer));
		js_set(op, "value", value ? js_dup(value) : NULL);
		body = js_new_arr();
		js_push(body, op);
	} else {
		body = w->whole ? object(k, with) : STEAL(with);
	}
	js_write(&text, body);
	sent++;
	if (mode == PRINT) {
		printf("%s\t%s\t%s\t%s\n", w->method, path, w->type, buf_str(&text));
		return;
	}
	autoreply struct rig_reply r = rig_send(&rig, w->method, path, w->type, text.p, text.len);
	/* upstream calls it a fault of its own without a reason, too, when lists do not merge */
	bool unmerged = r.status == 500 && strstr(w->type, "strategic") && !js_field(r.body, "reason");
	if (r.status < 200 || (r.status >= 500 && !unmerged) || !r.body)
		fail_msg("%s %s %s: %d %s", w->method, path, buf_str(&text), r.status, buf_str(&r.text));
}

struct confusion {
	const struct kind *kind;
	unsigned turn;
};

static bool fits(const struct kind *k, const struct way *w)
{
	return (k->verbs & w->verb) && (!w->status || k->has_status);
}

static void confuse(const struct sample_place *p, void *arg)
{
	struct confusion *c = arg;
	js *value;
	for (unsigned i = 0; mode != RUN_SOME && sample_wrong(i, &value); i++) {
		for (size_t k = 0; k < ARRAY_LEN(ways); k++)
			if (fits(c->kind, &ways[k]))
				send_one(c->kind, &ways[k], p, value);
		js_autoput(&value);
	}
	for (unsigned n = 0; mode == RUN_SOME && n < SOME; c->turn++) {
		const struct way *w = &ways[c->turn % ARRAY_LEN(ways)];
		if (!fits(c->kind, w))
			continue;
		n++;
		if (!sample_wrong(c->turn * 7 % 16, &value))
			continue;
		send_one(c->kind, w, p, value);
		js_autoput(&value);
	}
}

static void begin(const struct kind *k)
{
	autojson js *base = needed(k), *o = object(k, base);
	autobuf struct buf text = BUF_INIT;
	autofree char *path = address(k, "", "");
	js_write(&text, o);
	autoreply struct rig_reply r = rig_send(&rig, "POST", path, "application/json", text.p, text.len);
	if (r.status != 201 && r.status != 409)
		fail_msg("POST %s %s: %d %s", path, buf_str(&text), r.status, buf_str(&r.text));
}

/* What was stored on the way is there and can be read, alone and in a list. */
static void look(const struct kind *k)
{
	static const char *const names[] = {NAME, ""};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		autofree char *path = address(k, names[i], "");
		autoreply struct rig_reply r = rig_call(&rig, "GET", path, NULL);
		if (r.status != 200 || !r.body)
			fail_msg("GET %s: %d %s", path, r.status, buf_str(&r.text));
	}
}

static void nobody_is_confused(void **state)
{
	const struct kind *const *kinds;
	struct schema *schema = (struct schema *)rig.api.schema;
	size_t n = schema_kinds(schema, &kinds);
	for (size_t i = 0; i < n; i++) {
		struct confusion c = {.kind = kinds[i]};
		if ((kinds[i]->verbs & (VERB_CREATE | VERB_GET)) != (VERB_CREATE | VERB_GET))
			continue;
		bool nameless =
			!strcmp(kinds[i]->kind, "CustomResourceDefinition"); /* may not be called so */
		if (mode != PRINT && kinds[i]->storage_kind == kinds[i] && !nameless)
			begin(kinds[i]);
		sample_each(kinds[i]->type, confuse, &c);
		if (mode != PRINT && !nameless)
			look(kinds[i]);
	}
	assert_true(sent > 5000);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(nobody_is_confused)};

	mode = argc < 2 ? RUN_SOME : !strcmp(argv[1], "all") ? RUN_ALL : PRINT;
	rig_open(&rig);
	if (mode == PRINT) {
		nobody_is_confused(NULL);
		rig_close(&rig);
		return 0;
	}
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rig_close(&rig);
	return failed;
}
