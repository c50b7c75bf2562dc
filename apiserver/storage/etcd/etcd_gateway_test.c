/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/etcd/etcd_wire_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "object/json_test.h"

static void replies_are_read_strictly(void **state)
{
	const struct {
		const char *text;
		enum reason reason;
	} rows[] = {
		{JSON("{'error':'etcdserver: no leader','message':'etcdserver: no leader','code':14}"),
		 REASON_UNAVAILABLE},
		{JSON("{'error':'context deadline exceeded','code':4}"), REASON_TIMEOUT},
		{JSON("{'error':'etcdserver: request is too large','code':3}"), REASON_TOO_LARGE},
		{JSON("{'error':{'grpc_code':11,'http_code':400,'message':'compacted'}}"), REASON_EXPIRED},
		{"<html>", REASON_UNAVAILABLE},
	};
	const struct etcd_wire *wire = &etcd_gateway;
	struct err err = ERR_INIT;
	struct etcd_wire_txn_reply txn;
	struct etcd_wire_watch_reply w;
	struct etcd_wire_slice message;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_reply r = {.status = 500};
		buf_adds(&r.body, rows[i].text);
		assert_int_equal(wire->judge(&r, &message, &err), -1);
		buf_release(&r.body);
		assert_int_equal(err.reason, rows[i].reason);
		assert_int_equal(wire->read_watch(rows[i].text, strlen(rows[i].text), NULL, NULL, &w, &err),
				 -1);
	}
	const char *ok = JSON("{'header':{'revision':'9007199254740993'},'succeeded':true,'responses':[{}]}");
	assert_int_equal(wire->read_txn(ok, strlen(ok), &txn, &err), 0);
	assert_true(txn.succeeded && txn.revision == 9007199254740993u);
	const char *bad[] = {"",
			     "[]",
			     JSON("{'header':{'revision':'-1'}}"),
			     JSON("{'header':{'revision':'99999999999999999999'}}"),
			     JSON("{'header':7}"),
			     JSON("{'succeeded':'yes'}")};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (wire->read_txn(bad[i], strlen(bad[i]), &txn, &err) == 0)
			fail_msg("accepted %s", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(replies_are_read_strictly)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
