/* SPDX-License-Identifier: Apache-2.0 */
/* The order of causes when an object is changed: what any object is told, what may not change, and where both meet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "kinds/causes_test.h"

static const struct {
	const char *group, *kind, *subresource, *old, *new,
		*want; /* a field for each cause, as order_test has it */
} rows[] = {
	/* parameters before provisioner, unlike when it is made */
	{"storage.k8s.io", "StorageClass", "",
	 "{'metadata':{'name':'c'},'provisioner':'a.b/c','parameters':{'a':'b'}}",
	 "{'metadata':{'name':'c'},'provisioner':'','parameters':{'':'b'},'reclaimPolicy':'Retain','volumeBindingMode':'WaitForFirstConsumer'}",
	 "provisioner parameters parameters provisioner reclaimPolicy volumeBindingMode "},
	{"storage.k8s.io", "StorageClass", "", "{'metadata':{'name':'c'},'provisioner':'a.b/c'}",
	 "{'metadata':{'name':'c'},'provisioner':'a.b/d','parameters':{'a':'b'},'allowedTopologies':[{}]}",
	 "allowedTopologies[0].matchLabelExpressions parameters provisioner "},
	{"storage.k8s.io", "VolumeAttributesClass", "",
	 "{'metadata':{'name':'c'},'driverName':'a.b','parameters':{'a':'b'}}",
	 "{'metadata':{'name':'c'},'driverName':'','parameters':{'a':'c'}}",
	 "driverName driverName parameters "},
	{"networking.k8s.io", "IPAddress", "",
	 "{'metadata':{'name':'10.0.0.1'},'spec':{'parentRef':{'resource':'services','name':'s'}}}",
	 "{'metadata':{'name':'10.0.0.1'},'spec':{'parentRef':{}}}",
	 "spec.parentRef.resource spec.parentRef.name spec.parentRef "},
	{"", "PersistentVolume", "",
	 "{'metadata':{'name':'v'},'spec':{'capacity':{'storage':'1Gi'},'accessModes':['ReadWriteOnce'],'hostPath':{'path':'/x'}}}",
	 "{'metadata':{'name':'v'},'spec':{'capacity':{'storage':'1Gi'}}}",
	 "spec.accessModes spec spec.persistentvolumesource "},
	{"", "PersistentVolumeClaim", "",
	 "{'metadata':{'name':'c'},'spec':{'resources':{'requests':{'storage':'1Gi'}},'accessModes':['ReadWriteOnce']}}",
	 "{'metadata':{'name':'c'},'spec':{'volumeAttributesClassName':'A'}}",
	 "spec.accessModes spec.resources[storage] spec.volumeAttributesClassName spec spec.resources.requests.storage "},
	/* what is wrong with a condition, then what may not be done with them: taken away, then the rest */
	{"certificates.k8s.io", "CertificateSigningRequest", "approval",
	 "{'metadata':{'name':'r'},'spec':{'signerName':'a.b/c'},'status':{'conditions':[{'type':'Denied','status':'True'}]}}",
	 "{'metadata':{'name':'r'},'spec':{'signerName':'a.b/c'},'status':{'conditions':[{'type':'Approved','status':'False'},{'status':'True'}]}}",
	 "status.conditions[0].status status.conditions[1].type status.conditions "},
	{"certificates.k8s.io", "CertificateSigningRequest", "status",
	 "{'metadata':{'name':'r'},'spec':{'signerName':'a.b/c'},'status':{'conditions':[{'type':'Failed','status':'True'}],'certificate':'eA=='}}",
	 "{'metadata':{'name':'r'},'spec':{'signerName':'a.b/c'},'status':{'conditions':[],'certificate':'eQ=='}}",
	 "status.certificate status.conditions status.certificate "},
};

static void told_in_order(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct kind *k = schema_kind(causes_schema, rows[i].group, "v1", rows[i].kind);
		const struct strategy *s = strategy_find(k);
		const struct strategy_ctx ctx = {
			.subresource = rows[i].subresource, .schema = causes_schema, .kind = k};
		autojson js *new = causes_decode(k, JSON(rows[i].new)),
			    *old = causes_decode(k, JSON(rows[i].old));
		struct field_errors errs = {.n = 0};
		autobuf struct buf got = BUF_INIT;

		if (s->prepare)
			s->prepare(&ctx, new, old);
		schema_validate(k->type, new, "", &errs);
		schema_validate_update(k->type, old, new, "", &errs);
		s->validate(&ctx, new, old, &errs);
		schema_order_errors(k->type, &errs);
		for (size_t e = 0; e < field_errors_kept(&errs); e++)
			buf_addf(&got, "%s ", errs.v[e].field);
		field_errors_release(&errs);
		if (strcmp(buf_str(&got), rows[i].want))
			fail_msg("%s %s\nwant %s\n got %s", rows[i].kind, rows[i].new, rows[i].want,
				 buf_str(&got));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(told_in_order)};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
