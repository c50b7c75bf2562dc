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
		{JSON("{'error':'etcdserver: mvcc: database space exceeded','code':8}"), REASON_INTERNAL},
		{JSON("{'error':'etcdserver: requested lease not found','code':5}"), REASON_NOT_FOUND},
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
	const char *granted = JSON("{'header':{'revision':'7'},'ID':'278556872620175878','TTL':'3660'}");
	struct etcd_wire_grant_reply grant;
	assert_int_equal(wire->read_grant(granted, strlen(granted), &grant, &err), 0);
	assert_true(grant.lease == 278556872620175878u && grant.ttl_s == 3660);
	const char *size = JSON("{'header':{},'version':'3.4.23','dbSize':'20480','errors':['alarm']}");
	struct etcd_wire_status_reply status;
	assert_int_equal(wire->read_status(size, strlen(size), &status, &err), 0);
	assert_int_equal(status.db_size, 20480);
	assert_int_equal(wire->read_status("[]", 2, &status, &err), -1);
	const char *cancelled = JSON("{'result':{'canceled':true,'cancel_reason':'no \\'permission\\''}}");
	assert_int_equal(wire->read_watch(cancelled, strlen(cancelled), NULL, NULL, &w, &err), 0);
	assert_true(w.canceled && w.why.n && memcmp(w.why.p, "no ", 3) == 0);
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
