/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets (kubernetes/kubernetes pkg/apis/core/validation ValidateSecret, pkg/registry/core/secret). */
#include "base/base64.h"
#include "kinds/certificates/pem.h"
#include "kinds/check.h"
#include "kinds/strategies.h"

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

enum content { ANY, SOME, JSON_OBJECT };
static const struct need {
	const char *type, *key;
	enum content content;
} needs[] = {
	{"kubernetes.io/dockercfg", ".dockercfg", JSON_OBJECT},
	{"kubernetes.io/dockerconfigjson", ".dockerconfigjson", JSON_OBJECT},
	{"kubernetes.io/ssh-auth", "ssh-privatekey", SOME},
	{"kubernetes.io/tls", "tls.crt", ANY},
	{"kubernetes.io/tls", "tls.key", ANY},
};

/* Says what is wrong with the content, but not what it is. */
static void validate_json(const js *value, const char *path, struct field_errors *errs)
{
	autobuf struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	char detail[CHECK_DETAIL_MAX];

	if (base64_decode(&b, js_str0(value, NULL), (size_t)json_object_get_string_len(value), &err) < 0)
		return; /* decoding has seen to it */
	autojson js *o = check_json(buf_str(&b), b.len, false, detail);
	if (!o)
		field_error_invalid_str(errs, path, "<secret contents redacted>", detail);
}

static void validate_need(const struct need *n, const js *data, struct field_errors *errs)
{
	const js *value = js_field(data, n->key);
	const char *path = PATH("data[%s]", n->key);

	if (!value || (n->content == SOME && !*js_str0(value, NULL)))
		field_error_required(errs, path, "");
	else if (n->content == JSON_OBJECT)
		validate_json(value, path, errs);
}

static void validate_type(const js *o, struct field_errors *errs)
{
	const char *type = js_str0(o, "type", NULL);
	const js *data = js_obj(o, "data", NULL);

	for (size_t i = 0; i < ARRAY_LEN(needs); i++)
		if (!strcmp(type, needs[i].type))
			validate_need(&needs[i], data, errs);
	errs->look = '4';
	if (!strcmp(type, "kubernetes.io/service-account-token") &&
	    !*js_str0(o, "metadata", "annotations", "kubernetes.io/service-account.name", NULL))
		field_error_required(errs, "metadata.annotations[kubernetes.io/service-account.name]", "");
	errs->look = 0;
	if (!strcmp(type, "kubernetes.io/basic-auth") && !js_field(data, "username") &&
	    !js_field(data, "password")) {
		errs->look = 'b';
		field_error_required(errs, "data[username]", "");
		field_error_required(errs, "data[password]", "");
		errs->look = 0;
	}
}

static void secret_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			    struct field_errors *errs)
{
	size_t total = 0;

	for (struct js_iter it = js_iter(js_obj(new, "data", NULL)); js_next(&it);)
		total += check_bytes(it.value);
	if (total > MAX_TOTAL)
		field_error_too_long(errs, "data", MAX_TOTAL);
	validate_type(new, errs);
	if (!old || !js_bool(old, false, "immutable", NULL))
		return;
	if (!js_bool(new, false, "immutable", NULL))
		field_error_forbidden(errs, "immutable", "field is immutable when `immutable` is set");
	errs->look = '3';
	if (!js_equal(js_field(new, "data"), js_field(old, "data")))
		field_error_forbidden(errs, "data", "field is immutable when `immutable` is set");
	errs->look = 0;
}

static void take_bytes(struct buf *out, const js *o, const char *key)
{
	const js *v = js_get(o, "data", key, NULL);
	struct err ignore = ERR_INIT;

	if (v && base64_decode(out, js_str0(v, NULL), (size_t)json_object_get_string_len(v), &ignore) < 0)
		buf_clear(out);
}

static void secret_warn(const struct strategy_ctx *ctx, const js *new, const js *old)
{
	autobuf struct buf certificate = BUF_INIT, key = BUF_INIT;
	struct err err = ERR_INIT;

	if (strcmp(js_str0(new, "type", NULL), "kubernetes.io/tls"))
		return;
	take_bytes(&certificate, new, "tls.crt");
	take_bytes(&key, new, "tls.key");
	if (pem_check_pair(&certificate, &key, &err) < 0)
		strategy_warn(ctx, "%s", err.msg);
}

const struct strategy secret_strategy = {
	.group = "",
	.kind = "Secret",
	.prepare = secret_prepare,
	.default_more = merge_string_data,
	.validate = secret_validate,
	.warn = secret_warn,
};
