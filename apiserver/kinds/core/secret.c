/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets (kubernetes/kubernetes pkg/apis/core/validation ValidateSecret, pkg/registry/core/secret). */
#include "kinds/strategies.h"

#include "base/base64.h"

#define MAX_TOTAL (1 << 20) /* bytes of all values */

/* stringData is for writing only: it ends up in data. */
static void merge_string_data(js *o)
{
	autojson js *plain = js_take(o, "stringData");

	for (struct js_iter it = js_iter(plain); js_next(&it);) {
		autobuf struct buf b = BUF_INIT;
		if (!js_is_str(it.value))
			continue;
		base64_encode(&b, json_object_get_string(it.value),
			      (size_t)json_object_get_string_len(it.value));
		js_set_str(js_ensure(o, "data", NULL), it.key, buf_str(&b));
	}
}

static void secret_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	/* an update that leaves the type out means the old one */
	if (old && !*js_str0(new, "type", NULL))
		js_set_str(new, "type", js_str(old, "type", NULL));
}

struct need {
	const char *type, *key;
};
static const struct need needs[] = {
	{"kubernetes.io/dockercfg", ".dockercfg"},
	{"kubernetes.io/dockerconfigjson", ".dockerconfigjson"},
	{"kubernetes.io/ssh-auth", "ssh-privatekey"},
	{"kubernetes.io/tls", "tls.crt"},
	{"kubernetes.io/tls", "tls.key"},
};

static void validate_type(const js *o, struct field_errors *errs)
{
	const char *type = js_str0(o, "type", NULL);
	const js *data = js_obj(o, "data", NULL);

	for (size_t i = 0; i < ARRAY_LEN(needs); i++)
		if (!strcmp(type, needs[i].type) && !js_field(data, needs[i].key))
			field_error_required(errs, PATH("data[%s]", needs[i].key), "");
	if (!strcmp(type, "kubernetes.io/service-account-token") &&
	    !*js_str0(o, "metadata", "annotations", "kubernetes.io/service-account.name", NULL))
		field_error_required(errs, "metadata.annotations[kubernetes.io/service-account.name]", "");
	if (!strcmp(type, "kubernetes.io/basic-auth") && !js_field(data, "username") &&
	    !js_field(data, "password")) {
		field_error_required(errs, "data[username]", "");
		field_error_required(errs, "data[password]", "");
	}
}

static void secret_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			    struct field_errors *errs)
{
	size_t total = 0;

	for (struct js_iter it = js_iter(js_obj(new, "data", NULL)); js_next(&it);)
		total += (size_t)json_object_get_string_len(it.value) / 4 * 3;
	if (total > MAX_TOTAL)
		field_error_too_long(errs, "data", MAX_TOTAL);
	validate_type(new, errs);
	if (!old || !js_bool(old, false, "immutable", NULL))
		return;
	if (!js_bool(new, false, "immutable", NULL))
		field_error_forbidden(errs, "immutable", "field is immutable when `immutable` is set");
	if (!js_equal(js_field(new, "data"), js_field(old, "data")))
		field_error_forbidden(errs, "data", "field is immutable when `immutable` is set");
}

const struct strategy secret_strategy = {
	.group = "",
	.kind = "Secret",
	.prepare = secret_prepare,
	.default_more = merge_string_data,
	.validate = secret_validate,
};
