/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A RuntimeClass says "handler", and which program that is is the node's own business (upstream leaves it to the CRI's
 * configuration). The usual one has no name, and its program's. What a program can do it says itself (`features`, as of
 * the OCI runtime specification); one that says nothing can do nothing special but user
 * namespaces, which every one can whose mounts are made for it.
 */
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "object/name.h"
#include "os/process.h"
#include "runtime/oci_internal.h"

#define HANDLERS_MAX 32
#define FEATURES_MAX (1u << 20)
#define FEATURES_NS (10 * NS_PER_S)

struct oci_handlers {
	struct runtime_handler v[HANDLERS_MAX]; /* sorted by name; names owned */
	char *program[HANDLERS_MAX];
	size_t n;
};

static bool contains(const js *list, const char *text)
{
	for (size_t i = 0; i < js_len(list); i++)
		if (!strcmp(js_str0(js_at(list, i), NULL), text))
			return true;
	return false;
}

struct runtime_handler oci_handlers_features(const char *text, size_t n)
{
	struct err ignored = ERR_INIT;
	autojson js *o = js_parse(text, n, NULL, &ignored);
	const js *namespaces = js_arr(o, "linux", "namespaces", NULL);
	return (struct runtime_handler){.recursive_readonly =
						contains(js_arr(o, "mountOptions", NULL), "rro"),
					.user_namespaces = !namespaces || contains(namespaces, "user")};
}

static struct runtime_handler ask(const char *program, bool userns)
{
	autobuf struct buf out = BUF_INIT_MAX(FEATURES_MAX);
	struct err err = ERR_INIT;
	const struct process_spec s = {.argv = (const char *const[]){program, "features", NULL},
				       .out = &out,
				       .timeout_ns = FEATURES_NS};
	int status = -1;
	if (process_run(&s, &status, &err) < 0 || status) {
		log_info("the OCI runtime does not tell its features", "program=%s why=%s", program,
			 err.reason != REASON_NONE ? err.msg : "unknown command");
		buf_clear(&out);
	}
	struct runtime_handler can = oci_handlers_features(buf_str(&out), out.len);
	can.user_namespaces &= userns;
	return can;
}

static struct runtime_handler *find(const struct oci_handlers *h, const char *name)
{
	for (size_t i = 0; i < h->n; i++)
		if (!strcmp(h->v[i].name, name))
			return (struct runtime_handler *)&h->v[i];
	return NULL;
}

static void add(struct oci_handlers *h, const char *name, const char *program, struct runtime_handler can)
{
	size_t at = h->n++;
	for (; at > 0 && strcmp(h->v[at - 1].name, name) > 0; at--) {
		h->v[at] = h->v[at - 1];
		h->program[at] = h->program[at - 1];
	}
	can.name = mem_strdup(name);
	h->v[at] = can;
	h->program[at] = mem_strdup(program);
}

static int add_extra(struct oci_handlers *h, char *item, bool userns, struct err *err)
{
	struct name_faults wrong;
	char *equals = strchr(item, '=');
	if (!equals || !equals[1])
		return err_set(err, REASON_BAD_REQUEST, "runtime handlers: \"%.200s\" is not HANDLER=BINARY",
			       item);
	*equals = '\0';
	if (name_check_dns1123_label(item, &wrong))
		return err_set(err, REASON_BAD_REQUEST, "runtime handlers: \"%.200s\": %s", item, wrong.v[0]);
	if (h->n >= HANDLERS_MAX)
		return err_set(err, REASON_BAD_REQUEST, "runtime handlers: more than %d", HANDLERS_MAX - 2);
	if (find(h, item))
		return err_set(err, REASON_BAD_REQUEST, "runtime handlers: \"%s\" is there twice", item);
	autofree char *program = oci_find_program(equals + 1, err);
	if (!program)
		return err_wrap(err, "runtime handlers: %s", item);
	add(h, item, program, ask(program, userns));
	return 0;
}

struct oci_handlers *oci_handlers_new(const char *usual, const char *extra, bool userns, struct err *err)
{
	struct oci_handlers *h = MEM_NEW(struct oci_handlers);
	const char *slash = strrchr(usual, '/');
	struct runtime_handler can = ask(usual, userns);
	add(h, "", usual, can);
	autofree char *copy = mem_strdup(extra ? extra : "");
	char *save = NULL;
	for (char *item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save))
		if (add_extra(h, item, userns, err) < 0) {
			oci_handlers_free(h);
			return NULL;
		}
	/* Who gives its name to another means that. */
	if (h->n < HANDLERS_MAX && !find(h, slash ? slash + 1 : usual))
		add(h, slash ? slash + 1 : usual, usual, can);
	return h;
}

void oci_handlers_free(struct oci_handlers *h)
{
	for (size_t i = 0; h && i < h->n; i++) {
		free((char *)h->v[i].name);
		free(h->program[i]);
	}
	free(h);
}

const char *oci_handlers_find(const struct oci_handlers *h, const char *name, struct err *err)
{
	const struct runtime_handler *found = find(h, name ? name : "");
	if (found)
		return h->program[found - h->v];
	err_set(err, REASON_INVALID, "no runtime for \"%s\" is configured", name);
	return NULL;
}

const struct runtime_handler *oci_handlers_all(const struct runtime *rt, size_t *ret_n)
{
	const struct oci_handlers *h = ((const struct oci *)rt)->handlers;
	*ret_n = h->n;
	return h->v;
}
