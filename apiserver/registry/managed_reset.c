/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a write cannot change, because the kind's strategy puts the old value back: nobody owns it for having said it (each
 * strategy's GetResetFields and GetResetFieldsFilter, kubernetes/kubernetes pkg/registry).
 *
 * Most kinds follow one rule: the status is not the main resource's to write, the spec not the status's. The rows are the
 * others.
 */
#include "registry/managed_internal.h"

#include <stdio.h>

#define PATH_DEPTH 6

struct reset_row {
	const char *group, *kind, *subresource;
	bool only;	      /* these fields can be changed and no others */
	const char *paths[5]; /* "*" is any item of a list */
};
static const struct reset_row rows[] = {
	{"", "Pod", "status", false, {"spec", "metadata.deletionTimestamp", "metadata.ownerReferences"}},
	{"", "Pod", "ephemeralcontainers", true, {"spec.ephemeralContainers"}},
	{"",
	 "Pod",
	 "resize",
	 true,
	 {"spec.containers.*.resources", "spec.containers.*.resizePolicy", "spec.initContainers.*.resources",
	  "spec.initContainers.*.resizePolicy"}},
	{"admissionregistration.k8s.io", "ValidatingAdmissionPolicy", "status", false, {"metadata", "spec"}},
	{"apiextensions.k8s.io", "CustomResourceDefinition", "status", false, {"metadata", "spec"}},
	{"apiregistration.k8s.io", "APIService", "status", false, {"metadata", "spec"}},
	{"apps", "Deployment", "status", false, {"spec", "metadata.labels"}},
	{"certificates.k8s.io", "CertificateSigningRequest", "", false, {"spec", "status"}},
	{"certificates.k8s.io", "CertificateSigningRequest", "status", false, {"spec", "status.conditions"}},
	{"certificates.k8s.io",
	 "CertificateSigningRequest",
	 "approval",
	 false,
	 {"spec", "status.certificate"}},
	{"flowcontrol.apiserver.k8s.io", "FlowSchema", "status", false, {"metadata", "spec"}},
	{"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", "status", false, {"metadata", "spec"}},
	{"storage.k8s.io", "VolumeAttachment", "status", false, {"metadata", "spec"}},
};
static const struct reset_row of_status = {.paths = {"spec"}}, of_others = {.paths = {"status"}};

const struct reset_row *managed_reset_find(const struct kind *k, const char *subresource)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!strcmp(k->kind, rows[i].kind) && !strcmp(subresource, rows[i].subresource) &&
		    !strcmp(k->group, rows[i].group))
			return &rows[i];
	return !strcmp(subresource, "status") ? &of_status : k->has_status ? &of_others : NULL;
}

static const struct fieldset *set_of(struct arena *a, const char *path)
{
	const char *names[PATH_DEPTH + 1] = {NULL};
	size_t n = 0;

	for (const char *p = path; *p && n < PATH_DEPTH; p += p[0] == '.') {
		size_t len = strcspn(p, ".");
		names[n++] = arena_strndup(a, p, len);
		p += len;
	}
	return fieldset_path(a, names);
}

const struct fieldset *managed_reset(struct arena *a, const struct reset_row *row, const struct fieldset *s)
{
	const struct fieldset *listed = NULL;

	if (!row || !s)
		return s;
	for (size_t i = 0; i < ARRAY_LEN(row->paths) && row->paths[i]; i++)
		listed = fieldset_union(a, listed, set_of(a, row->paths[i]));
	return row->only ? fieldset_within(a, s, listed) : fieldset_without(a, s, listed);
}
