/* SPDX-License-Identifier: Apache-2.0 */
/* Requests for certificates: who asks, what may be asked, who may decide what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/base64.h"
#include "kinds/causes_test.h"
#include "kinds/certificates/pem_test.h"
#include "request/user.h"

#define INVALID ": Invalid value: "
#define C0 "status.conditions[0]"
#define C1 "status.conditions[1]"

/* $R and $C in a text: the request and the certificate. */
static char *filled(const char *text)
{
	autobuf struct buf out = BUF_INIT;

	for (; text && *text; text++) {
		if (*text != '$') {
			buf_addc(&out, *text);
			continue;
		}
		const char *pem = *++text == 'R' ? pem_request : pem_certificate;
		base64_encode(&out, pem, strlen(pem));
	}
	return text ? mem_strdup(buf_str(&out)) : NULL;
}

static void check(const char *subresource, const char *new, const char *old, const char *want)
{
	autofree char *is = filled(new), *was = old ? filled(old) : NULL;
	autobuf struct buf got = BUF_INIT;

	causes_of("certificates.k8s.io", "CertificateSigningRequest", subresource, JSON(is),
		  was ? JSON(was) : NULL, &got, NULL);
	if (strcmp(buf_str(&got), want))
		fail_msg("%s %s:\nwant:\n%sgot:\n%s", subresource, new, want, buf_str(&got));
}

#define SPEC(more) "{'metadata':{'name':'c'},'spec':{'request':'$R'" more "}"
#define GOOD SPEC(",'signerName':'example.com/s','usages':['client auth']")

static void requests(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{GOOD "}", ""},
		{"{'metadata':{'name':'c'},'spec':{'request':'YWJj'}}",
		 "spec.request" INVALID "\"YWJj\": PEM block type must be CERTIFICATE REQUEST\n"
		 "spec.signerName: Required value\n"
		 "spec.usages: Required value\n"},
		{SPEC(",'signerName':'kubernetes.io/legacy-unknown','usages':['any','any'],'expirationSeconds':599}"),
		 "spec.expirationSeconds" INVALID
		 "599: may not specify a duration less than 600 seconds (10 minutes)\n"
		 "spec.signerName" INVALID
		 "\"kubernetes.io/legacy-unknown\": the legacy signerName is not allowed via this API version\n"
		 "spec.usages[1]: Duplicate value: \"any\"\n"},
		{SPEC(",'signerName':'nodomain','usages':['any']}"),
		 "spec.signerName" INVALID
		 "\"nodomain\": must be a fully qualified domain and path of the form 'example.com/signer-name'\n"},
		{SPEC(",'signerName':'local/A.b','usages':['any']}"),
		 "spec.signerName" INVALID
		 "\"A.b\": validating label \"A\": a lowercase RFC 1123 subdomain must consist …\n"
		 "spec.signerName" INVALID
		 "\"local\": should be a domain with at least two segments separated by dots\n"},
		{SPEC(",'signerName':'a_.b/s','usages':['any']}"),
		 "spec.signerName" INVALID
		 "\"a_.b\": validating label \"a_\": a lowercase RFC 1123 label must consist …\n"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check("", rows[i].text, NULL, rows[i].want);
	autobuf struct buf got = BUF_INIT;
	autofree char *odd = filled(SPEC(",'signerName':'example.com/s','usages':['x']}"));
	causes_of("certificates.k8s.io", "CertificateSigningRequest", "", JSON(odd), NULL, &got, NULL);
	assert_non_null(strstr(
		buf_str(&got),
		"spec.usages[0]: Unsupported value: \"x\": supported values: \"any\", \"cert sign\", "));
}

#define WITH(status) GOOD ",'status':{" status "}}"
#define COND(type, more) "{'type':'" type "','status':'True'" more "}"

static void decisions(void **state)
{
	static const struct {
		const char *subresource, *new, *old, *want;
	} rows[] = {
		{"approval", WITH("'conditions':[" COND("Approved", "") "]"), WITH(""), ""},
		{"approval", WITH("'conditions':[" COND("Approved", "") "," COND("Denied", "") "]"), WITH(""),
		 "status.conditions" INVALID
		 "\"Denied\": Approved and Denied conditions are mutually exclusive\n"},
		{"approval", WITH("'conditions':[{'type':'Approved','status':'False'},{'type':'Own'}]"),
		 WITH(""),
		 C0 ".status: Unsupported value: \"False\": supported values: \"True\"\n" C1
		    ".status: Required value\n"},
		{"approval", WITH("'conditions':[" COND("Own", "") "," COND("Own", "") "]"), WITH(""),
		 C1 ".type: Duplicate value: \"Own\"\n"},
		{"approval", WITH(""), WITH("'conditions':[" COND("Approved", "") "]"),
		 "status.conditions: Forbidden: updates may not remove a condition of type \"Approved\"\n"},
		{"approval", WITH("'certificate':'$C'"), WITH(""), ""}, /* is not its part, and left out */
		{"status", WITH("'certificate':'$C'"), WITH(""), ""},
		{"status", WITH("'certificate':'eA=='"), WITH(""),
		 "status.certificate" INVALID
		 "\"<certificate data>\": must contain at least one CERTIFICATE PEM block\n"},
		{"status", WITH("'certificate':'$C$C'"), WITH("'certificate':'$C'"),

		 "status.certificate: Forbidden: updates may not modify existing certificate content\n"},
		{"status", WITH("'conditions':[" COND("Failed", "") "]"), WITH(""), ""},
		{"status", WITH("'conditions':[" COND("Denied", "") "]"), WITH(""),
		 "status.conditions: Forbidden: updates may not add a condition of type \"Denied\"\n"},
		{"status", WITH("'conditions':[" COND("Approved", ",'reason':'x'") "]"),
		 WITH("'conditions':[" COND(
			 "Approved",
			 ",'reason':'y','lastUpdateTime':'2026-01-01T00:00:00Z','lastTransitionTime':'2026-01-01T00:00:00Z'") "]"),
		 ""}, /* stays as it was */
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check(rows[i].subresource, rows[i].new, rows[i].old, rows[i].want);
}

/* The client's word for who it is does not count, nor a status, nor another spec later. */
static void set_by_server(void **state)
{
	static const char *const groups[] = {"g", "h", NULL};
	static const struct user_extra extra[] = {{"k", "1"}, {"k", "2"}};
	static const struct user user = {
		.name = "jane", .uid = "7", .groups = groups, .extra = extra, .n_extra = 2};
	const struct kind *k =
		schema_kind(causes_schema, "certificates.k8s.io", "v1", "CertificateSigningRequest");
	struct strategy_ctx ctx = {.subresource = "", .user = &user};
	autofree char *text = filled(SPEC(
		",'signerName':'example.com/s','usages':['any'],'username':'root','groups':['system:masters'],'extra':{'x':['y']}},'status':{'certificate':'$C'}"));
	autojson js *o = causes_decode(k, JSON(text)), *changed = NULL;
	autobuf struct buf got = BUF_INIT;

	strategy_find(k)->prepare(&ctx, o, NULL);
	js *spec = js_dup(js_obj(o, "spec", NULL));
	js_del(spec, "request");
	js_write(&got, spec);
	js_write(&got, js_obj(o, "status", NULL));
	json_object_put(spec);
	assert_string_equal(
		buf_str(&got),
		JSON("{'signerName':'example.com/s','usages':['any'],'username':'jane','uid':'7','groups':['g','h'],'extra':{'k':['1','2']}}{}"));
	changed = js_dup(o);
	js_set_str(js_obj(changed, "spec", NULL), "signerName", "example.com/t");
	strategy_find(k)->prepare(&ctx, changed, o);
	assert_string_equal(js_str0(changed, "spec", "signerName", NULL), "example.com/s");
	ctx.subresource = "approval";
	autojson js *approved = js_dup(o);
	js *condition = js_new_obj();
	js_set_str(condition, "type", "Approved");
	js_set_str(condition, "status", "True");
	js_push(js_ensure_arr(js_ensure(approved, "status", NULL), "conditions"), condition);
	strategy_find(k)->prepare(&ctx, approved, o);
	assert_string_equal(js_str0(condition, "lastUpdateTime", NULL), "1970-01-01T00:00:00Z");
	assert_string_equal(js_str0(condition, "lastTransitionTime", NULL), "1970-01-01T00:00:00Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(requests), cmocka_unit_test(decisions),
					   cmocka_unit_test(set_by_server)};
	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
