/* SPDX-License-Identifier: Apache-2.0 */
#include "kinds/webhook_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

#define FORM "; desired format: https://host[/path]\n"
#define SERVICE(more) "{'service':{'name':'a','namespace':'b','port':443" more "}}"

static void configs(void **state)
{
	static const struct {
		const char *config, *causes;
	} rows[] = {
		{"{'url':'https://a'}", ""},
		{"{'url':'HTTPS://a.b:443/c/d'}", ""},
		{"{'url':'https://[::1]:443/c'}", ""},
		{SERVICE(""), ""},
		{SERVICE(",'path':'/a/b.c/'"), ""},
		{SERVICE(",'path':'/'"), ""},
		{"{}", "c: Required value: exactly one of url or service is required\n"},
		{"{'url':'https://a','service':{}}",
		 "c: Required value: exactly one of url or service is required\n"},
		{"{'url':'http://a'}",
		 "c.url: Invalid value: \"http\": 'https' is the only allowed URL scheme" FORM},
		{"{'url':''}", "c.url: Invalid value: \"\": 'https' is the only allowed URL scheme" FORM
			       "c.url: Invalid value: \"\": host must be specified" FORM},
		{"{'url':'https:///a'}", "c.url: Invalid value: \"\": host must be specified" FORM},
		{"{'url':'https://u:p@a/b?c=d#e'}",
		 "c.url: Invalid value: \"c=d\": query parameters are not permitted in the URL\n"
		 "c.url: Invalid value: \"e\": fragments are not permitted in the URL\n"
		 "c.url: Invalid value: \"u:p\": user information is not permitted in the URL\n"},
		{"{'url':'://a'}",
		 "c.url: Required value: url must be a valid URL: parse \"://a\": missing protocol scheme" FORM},
		{"{'url':'1a:b'}",
		 "c.url: Required value: url must be a valid URL: parse \"1a:b\": first path segment in URL cannot contain "
		 "colon" FORM},
		{"{'url':'https://a:x/b'}",
		 "c.url: Required value: url must be a valid URL: parse \"https://a:x/b\": invalid port \":x\" after host" FORM},
		{"{'service':{'port':0}}",
		 "c.service.name: Required value\nc.service.namespace: Required value\n"
		 "c.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive\n"},
		{"{'service':{'name':'a','port':1}}", "c.service.name: Required value\n"},
		{SERVICE(",'path':'//'"),
		 "c.service.path: Invalid value: \"//\": segment[0] may not be empty\n"},
		{SERVICE(",'path':'a/B//c'"),
		 "c.service.path: Invalid value: \"a/B//c\": must start with a '/'\n"
		 "c.service.path: Invalid value: \"a/B//c\": segment[0] may not be empty\n"
		 "c.service.path: Invalid value: \"a/B//c\": segment[1]: a lowercase RFC 1123 subdomain must consist …\n"
		 "c.service.path: Invalid value: \"a/B//c\": segment[2] may not be empty\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct field_errors errs = {.n = 0};
		const char *text = JSON(rows[i].config);
		autojson js *config = js_parse(text, strlen(text), NULL, &err);
		autobuf struct buf got = BUF_INIT;
		assert_non_null(config);
		webhook_client_check(config, "c", &errs);
		causes_write(&got, &errs);
		field_errors_release(&errs);
		assert_string_equal(buf_str(&got), rows[i].causes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(configs)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
