/* SPDX-License-Identifier: Apache-2.0 */
/* Who may become whom, and what he is then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "auth/auth.h"
#include "base/mem.h"

#define HEADERS 5
struct row {
	bool master;
	const char *headers[HEADERS][2];
	enum reason reason;
	const char *text; /* the refusal, or NAME/UID: the groups, one behind the other */
};
#define USER "Impersonate-User"
#define GROUP "Impersonate-Group"
static const struct row rows[] = {
	{true, {{NULL}}, REASON_NONE, "me/: system:masters "},
	{true, {{"X-Other", "a"}}, REASON_NONE, "me/: system:masters "},
	{true, {{USER, "bob"}}, REASON_NONE, "bob/: system:authenticated "},
	{true,
	 {{"impersonate-user", "bob"}, {"IMPERSONATE-UID", "7"}},
	 REASON_NONE,
	 "bob/7: system:authenticated "},
	{true, {{USER, "bob"}, {USER, "eve"}}, REASON_NONE, "bob/: system:authenticated "},
	{true, {{USER, "bob"}, {GROUP, "a"}, {GROUP, "b"}}, REASON_NONE, "bob/: a b system:authenticated "},
	{true, {{GROUP, "system:authenticated"}, {USER, "bob"}}, REASON_NONE, "bob/: system:authenticated "},
	{true,
	 {{USER, "bob"}, {GROUP, "system:unauthenticated"}},
	 REASON_NONE,
	 "bob/: system:unauthenticated "},
	{true, {{USER, "system:anonymous"}}, REASON_NONE, "system:anonymous/: system:unauthenticated "},
	{true,
	 {{USER, "system:serviceaccount:ns:sa"}},
	 REASON_NONE,
	 "system:serviceaccount:ns:sa/: system:serviceaccounts system:serviceaccounts:ns system:authenticated "},
	{true,
	 {{USER, "system:serviceaccount:ns:sa"}, {GROUP, "a"}},
	 REASON_NONE,
	 "system:serviceaccount:ns:sa/: a system:authenticated "},
	{true,
	 {{USER, "system:serviceaccount:ns"}},
	 REASON_NONE,
	 "system:serviceaccount:ns/: system:authenticated "},
	{true,
	 {{USER, "bob"}, {"Impersonate-Extra-Scopes", "view"}},
	 REASON_NONE,
	 "bob/: system:authenticated scopes=view "},
	{true,
	 {{USER, "bob"},
	  {"impersonate-extra-acme.com%2FProject", "A"},
	  {"Impersonate-Uid", "7"},
	  {"IMPERSONATE-EXTRA-acme.com%2fproject", ""},
	  {"Impersonate-Extra-%2fodd%", "b"}},
	 REASON_NONE,
	 "bob/7: system:authenticated acme.com/project=A acme.com/project= %2fodd%=b "},
	{true,
	 {{GROUP, "a"}, {GROUP, "b"}},
	 REASON_INTERNAL,
	 "requested [{Group  a    } {Group  b    }] without impersonating a user"},
	{true,
	 {{"Impersonate-Uid", "7"}, {GROUP, "a"}},
	 REASON_INTERNAL,
	 "requested [{Group  a    } {UID  7  authentication.k8s.io/v1  }] without impersonating a user"},
	{true,
	 {{"Impersonate-Extra-Scopes", "view"}, {USER, ""}},
	 REASON_INTERNAL,
	 "requested [{UserExtra  view  authentication.k8s.io/v1  scopes}] without impersonating a user"},
	{false,
	 {{USER, "bob"}},
	 REASON_FORBIDDEN,
	 "users \"bob\" is forbidden: User \"me\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope"},
	{false,
	 {{USER, "system:serviceaccount:ns:sa"}},
	 REASON_FORBIDDEN,
	 "serviceaccounts \"sa\" is forbidden: User \"me\" cannot impersonate resource \"serviceaccounts\" in API group \"\" in the namespace \"ns\""},
};

static void describe(const struct user *u, struct buf *out)
{
	buf_addf(out, "%s/%s: ", u->name, u->uid);
	for (size_t i = 0; u->groups[i]; i++)
		buf_addf(out, "%s ", u->groups[i]);
	for (size_t i = 0; i < u->n_extra; i++)
		buf_addf(out, "%s=%s ", u->extra[i].key, u->extra[i].value);
}

static void test_rows(void **state)
{
	static const char *const masters[] = {"system:masters", NULL}, *const others[] = {"a", NULL};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		struct request *rq = MEM_NEW(struct request);
		struct attributes attr;
		struct err err = ERR_INIT;
		autobuf struct buf got = BUF_INIT;
		rq->user = (struct user){.name = "me", .uid = "", .groups = r->master ? masters : others};
		for (size_t h = 0; h < HEADERS && r->headers[h][0]; h++)
			request_take_impersonation(rq, r->headers[h][0], r->headers[h][1]);
		int rc = auth_impersonate(rq, &attr, &err);
		assert_int_equal(rc, r->reason == REASON_NONE ? 0 : -1);
		assert_int_equal(err.reason, r->reason);
		describe(&rq->user, &got);
		if (rc == 0)
			assert_string_equal(buf_str(&got), r->text);
		else if (!strstr(err.msg, r->text))
			fail_msg("%s", err.msg);
		auth_forget(rq);
		assert_string_equal(rq->user.name, "me");
		free(rq);
	}
}

static void test_bound(void **state)
{
	struct request *rq = MEM_NEW(struct request);
	struct attributes attr;
	struct err err = ERR_INIT;
	for (int i = 0; i < 100000; i++)
		request_take_impersonation(rq, GROUP, "a");
	assert_int_equal(auth_impersonate(rq, &attr, &err), -1);
	assert_int_equal(err.reason, REASON_BAD_REQUEST);
	auth_forget(rq);
	free(rq);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_bound)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
