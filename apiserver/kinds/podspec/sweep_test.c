/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every text and number of a Pod spec that the schema knows is given a value that is wrong for nearly everything, in a
 * Pod that holds nothing else. Either somebody objects, naming the value or the field, or the field stands in the list
 * of those that upstream leaves free. So a field that comes later is looked at, or is said not to be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "base/unique.h"
#include "kinds/causes_test.h"

#define WORD "/../A_ b!^"
#define NUMBER -7

/* What may be anything, by TYPE.FIELD, or is looked at only when something beside it is right. */
static const char *const anything[] = {
	"EmptyDirVolumeSource.medium",
	"GCEPersistentDiskVolumeSource.pdName",
	"GCEPersistentDiskVolumeSource.fsType",
	"AWSElasticBlockStoreVolumeSource.volumeID",
	"AWSElasticBlockStoreVolumeSource.fsType",
	"GitRepoVolumeSource.repository",
	"GitRepoVolumeSource.revision",
	"SecretVolumeSource.secretName",
	"KeyToPath.key",
	"NFSVolumeSource.server",
	"NFSVolumeSource.path",
	"ISCSIVolumeSource.targetPortal",
	"ISCSIVolumeSource.iscsiInterface",
	"ISCSIVolumeSource.fsType",
	"ISCSIVolumeSource.portals",
	"LocalObjectReference.name",
	"GlusterfsVolumeSource.endpoints",
	"GlusterfsVolumeSource.path",
	"PersistentVolumeClaimVolumeSource.claimName",
	"RBDVolumeSource.monitors",
	"RBDVolumeSource.image",
	"RBDVolumeSource.fsType",
	"RBDVolumeSource.pool",
	"RBDVolumeSource.user",
	"RBDVolumeSource.keyring",
	"FlexVolumeSource.driver",
	"FlexVolumeSource.fsType",
	"FlexVolumeSource.options",
	"CinderVolumeSource.volumeID",
	"CinderVolumeSource.fsType",
	"RequiredObjectReference.name",
	"CephFSVolumeSource.monitors",
	"CephFSVolumeSource.path",
	"CephFSVolumeSource.user",
	"CephFSVolumeSource.secretFile",
	"FlockerVolumeSource.datasetUUID",
	"ObjectFieldSelector.apiVersion",
	"ResourceFieldSelector.containerName",
	"ResourceFieldSelector.resource",
	"ResourceFieldSelector.divisor",
	"FCVolumeSource.targetWWNs",
	"FCVolumeSource.lun",
	"FCVolumeSource.fsType",
	"FCVolumeSource.wwids",
	"AzureFileVolumeSource.secretName",
	"AzureFileVolumeSource.shareName",
	"ConfigMapVolumeSource.name",
	"VsphereVirtualDiskVolumeSource.volumePath",
	"VsphereVirtualDiskVolumeSource.fsType",
	"VsphereVirtualDiskVolumeSource.storagePolicyName",
	"VsphereVirtualDiskVolumeSource.storagePolicyID",
	"QuobyteVolumeSource.volume",
	"QuobyteVolumeSource.user",
	"QuobyteVolumeSource.group",
	"QuobyteVolumeSource.tenant",
	"AzureDiskVolumeSource.diskName",
	"AzureDiskVolumeSource.fsType",
	"PhotonPersistentDiskVolumeSource.pdID",
	"PhotonPersistentDiskVolumeSource.fsType",
	"SecretProjection.name",
	"ConfigMapProjection.name",
	"ServiceAccountTokenProjection.audience",
	"PortworxVolumeSource.volumeID",
	"PortworxVolumeSource.fsType",
	"ScaleIOVolumeSource.gateway",
	"ScaleIOVolumeSource.system",
	"ScaleIOVolumeSource.protectionDomain",
	"ScaleIOVolumeSource.storagePool",
	"ScaleIOVolumeSource.storageMode",
	"ScaleIOVolumeSource.volumeName",
	"ScaleIOVolumeSource.fsType",
	"StorageOSVolumeSource.fsType",
	"CSIVolumeSource.fsType",
	"CSIVolumeSource.volumeAttributes",
	"VolumeResourceRequirements.limits",
	"VolumeResourceRequirements.requests",
	"PersistentVolumeClaimSpec.volumeName",
	"TypedLocalObjectReference.name",
	"TypedObjectReference.name",
	"Container.image",
	"Container.restartPolicy", /* dropped */
	"EphemeralContainer.restartPolicy",
	"Container.command",
	"Container.args",
	"Container.workingDir",
	"ContainerPort.hostIP",
	"EnvFromSource.prefix",
	"EnvVar.name",
	"EnvVar.value",
	"ResourceClaim.request",
	"VolumeMount.mountPath",
	"ExecAction.command",
	"HTTPGetAction.path",
	"HTTPGetAction.host",
	"HTTPHeader.value",
	"TCPSocketAction.host",
	"GRPCAction.service",
	"Container.terminationMessagePath",
	"Capabilities.add",
	"Capabilities.drop",
	"SELinuxOptions.user",
	"SELinuxOptions.role",
	"SELinuxOptions.type",
	"SELinuxOptions.level",
	"WindowsSecurityContextOptions.gmsaCredentialSpec",
	"AppArmorProfile.localhostProfile",
	"EphemeralContainer.image",
	"EphemeralContainer.command",
	"EphemeralContainer.args",
	"EphemeralContainer.workingDir",
	"EphemeralContainer.terminationMessagePath",
	"PodSpec.terminationGracePeriodSeconds",
	"Sysctl.value",
	"PodSpec.schedulerName",
	"Toleration.tolerationSeconds",
	"PodSpec.priority",
	"PodDNSConfigOption.name",
	"PodDNSConfigOption.value",
	"TopologySpreadConstraint.topologyKey",
};

#define DEEP 16
struct step {
	const struct type *type; /* that has the field */
	const struct field *field;
};
struct sweep {
	struct step way[DEEP];
	size_t depth, leaves;
	struct unique seen; /* TYPE.FIELD: one way to it is enough */
	struct buf silent;
};

static bool is_free(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(anything); i++)
		if (!strcmp(anything[i], name))
			return true;
	return false;
}

static js *wrong_value(const struct type *t)
{
	if (t->form == TYPE_STRING || t->form == TYPE_INT_OR_STRING)
		return js_new_str(WORD);
	if (t->form == TYPE_INT32 || t->form == TYPE_INT64)
		return js_new_int(NUMBER);
	if (t->form == TYPE_QUANTITY)
		return js_new_str("-7");
	return NULL;
}

/* The value at the end of the way, lists and maps on it having one item. */
static js *build(const struct sweep *s, size_t i)
{
	js *o = js_new_obj();
	const struct type *t = s->way[i].field->type, *leaf = t;

	while (leaf->form == TYPE_LIST || leaf->form == TYPE_MAP)
		leaf = leaf->elem;
	js *v = i + 1 < s->depth ? build(s, i + 1) : wrong_value(leaf);
	for (; t->form == TYPE_LIST || t->form == TYPE_MAP; t = t->elem) {
		js *outer = t->form == TYPE_LIST ? js_new_arr() : js_new_obj();
		if (t->form == TYPE_LIST)
			js_push(outer, v);
		else
			js_set(outer, "cpu", v);
		v = outer;
	}
	js_set(o, s->way[i].field->name, v);
	return o;
}

/* Some cause has the value, or stands at PARENT.FIELD. */
static bool objected(const struct sweep *s, const char *causes)
{
	const struct field *f = s->way[s->depth - 1].field;
	const struct field *up = s->depth > 1 ? s->way[s->depth - 2].field : NULL;
	const char *index = up && up->type->form == TYPE_LIST ? "[0]" : "";
	autofree char *at = mem_printf("%s%s.%s: ", up ? up->name : "spec", index, f->name);
	autofree char *item = mem_printf("%s%s.%s[", up ? up->name : "spec", index, f->name);

	return strstr(causes, "\"" WORD "\"") || strstr(causes, "-7") || strstr(causes, at) ||
	       strstr(causes, item);
}

static void try_leaf(struct sweep *s)
{
	const struct step *last = &s->way[s->depth - 1];
	autofree char *name = mem_printf("%s.%s", last->type->name, last->field->name);
	autobuf struct buf text = BUF_INIT, causes = BUF_INIT;

	if (unique_seen(&s->seen, name))
		return;
	s->leaves++;
	autojson js *pod = js_new_obj();
	js_set(pod, "spec", build(s, 0));
	js_write(&text, pod);
	causes_of("", "Pod", "", buf_str(&text), NULL, &causes, NULL);
	bool silent = !objected(s, buf_str(&causes));
	if (silent != is_free(name))
		buf_addf(&s->silent, "%s: %s\n%s", name, silent ? "nobody objects" : "is not free",
			 silent ? "" : buf_str(&causes));
}

/* Metadata of things to come; what containers are, too; what is dropped. */
static bool is_left_out(const struct field *f)
{
	static const char *const names[] = {"initContainers",  "clusterTrustBundle", "podCertificate",
					    "fileKeyRef",      "stopSignal",	     "restartPolicyRules",
					    "hostnameOverride"};
	bool named = !strcmp(f->name, "image") && f->type->form == TYPE_OBJECT;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		named |= !strcmp(f->name, names[i]);
	return named || f->more->unchecked;
}

static void sweep_type(struct sweep *s, const struct type *t)
{
	if (t->form != TYPE_OBJECT || s->depth == DEEP)
		return;
	for (unsigned i = 0; i < t->n_fields; i++) {
		const struct type *of = t->fields[i].type;
		if (is_left_out(&t->fields[i]))
			continue;
		s->way[s->depth++] = (struct step){t, &t->fields[i]};
		while (of->form == TYPE_LIST || of->form == TYPE_MAP)
			of = of->elem;
		js *v = wrong_value(of);
		if (v)
			try_leaf(s);
		json_object_put(v);
		sweep_type(s, of);
		s->depth--;
	}
}

static void every_field_is_looked_at_or_free(void **state)
{
	struct sweep s = {.depth = 0};

	sweep_type(&s, schema_type(causes_schema, "PodSpec"));
	if (s.silent.len)
		fputs(buf_str(&s.silent), stderr);
	assert_int_equal(s.silent.len, 0);
	assert_in_range(s.leaves, 250, 600);
	buf_release(&s.silent);
	unique_release(&s.seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_field_is_looked_at_or_free)};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
