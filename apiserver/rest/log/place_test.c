/* SPDX-License-Identifier: Apache-2.0 */
/* Which address of a node is taken. */
#include "rest/log/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/mem.h"
#include "object/json_test.h"

#define AT(addresses, port)                                                                                  \
	"{'status':{'addresses':[" addresses "],'daemonEndpoints':{'kubeletEndpoint':{'Port':" port "}}}}"

static void test_places(void **state)
{
	static const struct {
		const char *node, *want; /* NULL: refused */
	} rows[] = {
		{AT("{'type':'InternalIP','address':'10.0.0.1'}", "10250"), "https://10.0.0.1:10250"},
		{AT("{'type':'Hostname','address':'n'},{'type':'InternalIP','address':'fd00::1'}", "1"),
		 "https://[fd00::1]:1"},
		{AT("{'type':'Hostname','address':'n'}", "65535"), "https://n:65535"},
		{AT("{'type':'InternalIP','address':'a/b'},{'type':'Hostname','address':'n'}", "2"),
		 "https://n:2"},
		{AT("{'type':'Hostname','address':'n'},{'type':'ExternalIP','address':'10.0.0.1'}", "10250"),
		 "https://10.0.0.1:10250"},
		{AT("{'type':'InternalDNS','address':'n'}", "10250"), NULL},
		{AT("{'type':'InternalIP','address':'10.0.0.1'}", "0"), "https://10.0.0.1:10250"},
		{AT("{'type':'InternalIP','address':'10.0.0.1'}", "65536"), NULL},
		{"{}", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		const char *text = JSON(rows[i].node);
		autojson js *node = js_parse(text, strlen(text), NULL, &err);
		autobuf struct buf url = BUF_INIT;

		assert_int_equal(place_url(&url, node, &err), rows[i].want ? 0 : -1);
		if (rows[i].want)
			assert_string_equal(buf_str(&url), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_places)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
