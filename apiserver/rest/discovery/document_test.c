/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "rest/discovery/document.h"

static void put(struct documents *ds, const char *path, const char *text)
{
	struct buf b = BUF_INIT;
	buf_adds(&b, text);
	documents_put(ds, path, &b, NULL);
}

static void respond(struct documents *ds, const char *path, const char *etag, bool tagged,
		    struct response *rs)
{
	struct request rq = {.path = path, .if_none_match = etag};
	*rs = (struct response){0};
	document_respond(documents_get(ds, path), &rq, rs, tagged);
}

static void etags(void **state)
{
	struct documents ds;
	struct response rs;
	char etag[140];
	documents_init(&ds);
	put(&ds, "/a", "one");
	respond(&ds, "/a", "", true, &rs);
	assert_int_equal(rs.status, 200);
	assert_memory_equal(rs.shared.p, "one", 3);
	snprintf(etag, sizeof(etag), "%s", rs.etag);
	response_release(&rs);
	respond(&ds, "/a", etag, true, &rs);
	assert_int_equal(rs.status, 304);
	response_release(&rs);
	respond(&ds, "/a", etag, false, &rs);
	assert_int_equal(rs.status, 200);
	assert_null(rs.etag);
	response_release(&rs);
	put(&ds, "/a", "two");
	respond(&ds, "/a", etag, true, &rs);
	assert_int_equal(rs.status, 200);
	response_release(&rs);
	documents_release(&ds);
}

static void known_etags(void **state)
{
	static const struct {
		const char *header;
		bool known;
	} v[] = {{"", false},	     {"\"a\"", true},	    {"W/\"a\"", true},	    {"\"b\", \"a\"", true},
		 {"\"a\" ,x", true}, {"\"ab\"", false},	    {"a", false},	    {"*", true},
		 {"\"a\"b", false},  {" , W/\"b\"", false}, {"\"b\",W/\"a\"", true}};
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		if (document_is_known(v[i].header, "\"a\"") != v[i].known)
			fail_msg("%s", v[i].header);
}

/* Bytes that are being sent stay while the document is replaced and dropped. */
static void sent_bytes_stay(void **state)
{
	struct documents ds;
	struct response rs;
	documents_init(&ds);
	put(&ds, "/a", "one");
	respond(&ds, "/a", "", true, &rs);
	put(&ds, "/a", "two");
	documents_drop(&ds, "/a");
	documents_drop(&ds, "/a");
	assert_null(documents_get(&ds, "/a"));
	documents_release(&ds);
	assert_memory_equal(rs.shared.p, "one", 3);
	response_release(&rs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(etags),
		cmocka_unit_test(known_etags),
		cmocka_unit_test(sent_bytes_stay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
