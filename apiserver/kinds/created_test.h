/* SPDX-License-Identifier: Apache-2.0 */
/* How what would be stored differs from what was sent: for table tests. After cmocka.h. */
#ifndef KINDS_CREATED_TEST_H
#define KINDS_CREATED_TEST_H

#include <stdio.h>
#include "kinds/causes_test.h"

#define POD "{'spec':{'containers':[{'name':'c','image':'i'}]"
#define TEMPLATE                                                                                             \
	"'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c','image':'i'}]}}"
#define ENDING                                                                                               \
	"'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c','image':'i'}],"       \
	"'restartPolicy':'Never'}}"
#define SELECTOR "'selector':{'matchLabels':{'a':'b'}}"
#define MESSAGES(at)                                                                                         \
	at "terminationMessagePath='/dev/termination-log'; " at "terminationMessagePolicy='File'; " at       \
	   "imagePullPolicy='Always'; "
#define CONTAINER(at) at "resources={}; " MESSAGES(at)
#define SPEC_OF_ONCE(at)                                                                                     \
	at "terminationGracePeriodSeconds=30; " at "dnsPolicy='ClusterFirst'; " at "securityContext={}; " at \
	   "schedulerName='default-scheduler'; "
#define SPEC(at) at "restartPolicy='Always'; " SPEC_OF_ONCE(at)
#define PODS(at) CONTAINER(at "containers[0].") SPEC(at)
#define STATUS(qos) "status.phase='Pending'; status.qosClass='" qos "'; "
#define PENDING(qos) "spec.enableServiceLinks=true; " STATUS(qos)
#define PLAIN_POD PODS("spec.") PENDING("BestEffort")
#define POD_OF(spec, qos) SPEC("spec.") "spec.enableServiceLinks=true; " spec STATUS(qos)

static inline void created_differences(struct buf *out, const char *path, const js *sent, const js *stored);

static inline void created_line(struct buf *out, const char *path, const char *name, const js *sent,
				const js *stored)
{
	autofree char *at = mem_printf("%s%s%s", path, *path && *name != '[' ? "." : "", name);

	if (js_equal(sent, stored))
		return;
	if ((js_is_obj(stored) && (!sent || js_is_obj(sent))) ||
	    (js_is_arr(stored) && js_is_arr(sent) && js_len(sent) == js_len(stored))) {
		size_t before = out->len;
		created_differences(out, at, sent, stored);
		if (out->len > before || sent)
			return;
	}
	buf_addf(out, "%s=", at);
	if (stored)
		js_write(out, stored);
	buf_adds(out, "; ");
}

/* `PATH=VALUE` of what is new or another, `PATH=` of what is gone. Nulls are nothing. */
static inline void created_differences(struct buf *out, const char *path, const js *sent, const js *stored)
{
	char index[32];

	js_array_for_each (item, js_is_arr(stored) ? stored : NULL) {
		snprintf(index, sizeof(index), "[%zu]", item_i);
		created_line(out, path, index, js_at(sent, item_i), item);
	}
	if (js_is_arr(stored))
		return;
	for (struct js_iter it = js_iter(stored); js_next(&it);)
		if (it.value)
			created_line(out, path, it.key, js_field(sent, it.key), it.value);
	for (struct js_iter it = js_iter(sent); js_next(&it);)
		if (it.value && !js_field(stored, it.key))
			created_line(out, path, it.key, it.value, NULL);
}

struct created_row {
	const char *group, *kind, *sent, *differences;
};

static inline void created_check(const struct created_row *rows, size_t n)
{
	size_t failed = 0;

	for (size_t i = 0; i < n; i++) {
		struct err err = ERR_INIT;
		const char *text = JSON(rows[i].sent);
		autobuf struct buf errs = BUF_INIT, got = BUF_INIT;
		autojson js *sent = js_parse(text, strlen(text), NULL, &err), *stored = NULL;
		assert_non_null(sent);
		causes_of(rows[i].group, rows[i].kind, "", text, NULL, &errs, &stored);
		js_del(stored, "metadata");
		created_differences(&got, "", sent, stored);
		for (size_t k = 0; k < got.len; k++)
			got.p[k] = got.p[k] == '"' ? '\'' : got.p[k];
		if (!strcmp(buf_str(&got), rows[i].differences))
			continue;
		failed++;
		print_error("row %zu %s %.300s\n", i, rows[i].kind, text);
		print_error("want:\n%.1500s\n", rows[i].differences);
		print_error("got:\n%.1500s\n", buf_str(&got));
	}
	assert_int_equal(failed, 0);
}

#endif
