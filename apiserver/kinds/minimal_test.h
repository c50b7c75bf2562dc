/* SPDX-License-Identifier: Apache-2.0 */
/* What an object of each kind needs at least, for tests that walk all kinds: one row per kind, by name. */
#ifndef KINDS_MINIMAL_TEST_H
#define KINDS_MINIMAL_TEST_H

#include <string.h>
#include "base/mem.h"
#include "object/schema.h"

#define MINIMAL_TEMPLATE                                                                                     \
	"'spec':{'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':{'a':'b'}},"          \
	"'spec':{'containers':[{'name':'c','image':'i'}]}}}"

/* Members beside metadata, with single quotes; "" for kinds that need none. */
static inline const char *minimal_members(const struct kind *k)
{
	static const char *const rows[][2] = {
		{"CSIStorageCapacity", "'storageClassName':'c'"},
		{"ClusterRoleBinding", "'roleRef':{'kind':'ClusterRole','name':'r'}"},
		{"ControllerRevision", "'revision':1,'data':{}"},
		{"Deployment", MINIMAL_TEMPLATE},
		{"EndpointSlice", "'addressType':'IPv4'"},
		{"Event",
		 "'involvedObject':{'namespace':'default'},'regarding':{'namespace':'default'},'reason':'r'"},
		{"Pod", "'spec':{'containers':[{'name':'c','image':'i'}]}"},
		{"ReplicaSet", MINIMAL_TEMPLATE},
		{"ClusterRoleBinding",
		 "'roleRef':{'apiGroup':'rbac.authorization.k8s.io','kind':'ClusterRole','name':'r'}"},
		{"RoleBinding",
		 "'roleRef':{'apiGroup':'rbac.authorization.k8s.io','kind':'ClusterRole','name':'r'}"},
		{"RoleBinding", "'roleRef':{'kind':'Role','name':'r'}"},
		{"RuntimeClass", "'handler':'h'"},
		{"Service", "'spec':{'ports':[{'port':80}]}"},
		{"StorageClass", "'provisioner':'p'"},
		{"ValidatingAdmissionPolicy",
		 "'spec':{'matchConstraints':{'resourceRules':[{'operations':['*'],'apiGroups':['*'],'apiVersions':['*'],"
		 "'resources':['*']}]},'validations':[{'expression':'true'}]}"},
		{"ValidatingAdmissionPolicyBinding",
		 "'spec':{'policyName':'p','validationActions':['Deny']}"},
		{"VolumeAttributesClass", "'driverName':'p','parameters':{'a':'b'}"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!strcmp(rows[i][0], k->kind))
			return rows[i][1];
	return "";
}

#endif
