/* SPDX-License-Identifier: Apache-2.0 */
/* What the checks of this room share; nobody else includes it. */
#ifndef PODSPEC_INTERNAL_H
#define PODSPEC_INTERNAL_H

#include <stdio.h>
#include "base/map.h"
#include "base/unique.h"
#include "kinds/podspec/podspec.h"

/* One spec that is looked at. */
struct podspec {
	const js *spec;
	const char *base;     /* path of it */
	const char *pod;      /* name of the Pod, "" when it has none; NULL: a template */
	struct map volumes;   /* name -> the volume, of those that are right; values are borrowed */
	struct unique claims; /* names of resourceClaims */
	bool host_users, is_static;
	struct field_errors *errs;
};
#define PODSPEC_MIRROR                                                                                       \
	"kubernetes.io/config.mirror" /* annotation of a Pod that stands for one of a node's own */

/* One container. */
struct podspec_container {
	const struct podspec *spec;
	const js *o;
	const char *path;
};

/* volume.c, projection.c, claim.c: paths are those of the volume's source. */
void podspec_check_volumes(struct podspec *p); /* fills p->volumes */
void podspec_check_projected(const struct podspec *p, const js *projected, const char *path);
/* items of a downwardAPI volume or projection; upstream's paths know no index. */
void podspec_check_files(const js *items, const char *path, struct field_errors *errs);
void podspec_check_claim_template(const js *template, const char *path, struct field_errors *errs);

/* reference.c */
enum reference_place { REFERENCE_ENV, REFERENCE_VOLUME };
void podspec_check_field_ref(const js *ref, enum reference_place place, const char *path,
			     struct field_errors *errs);
void podspec_check_resource_ref(const js *ref, enum reference_place place, const char *path,
				struct field_errors *errs);
void podspec_check_env(const struct podspec_container *c);

/* requirements.c */
void podspec_check_requirements(const struct podspec_container *c);
void podspec_check_pod_requirements(struct podspec *p); /* the Pod's own, overhead, resourceClaims */

/* mount.c, container.c */
void podspec_check_mounts(const struct podspec_container *c);
void podspec_check_containers(const struct podspec *p);

/* affinity.c, spread.c */
void podspec_check_affinity(const struct podspec *p);
void podspec_check_spread(const struct podspec *p);
/* matchLabelKeys and mismatchLabelKeys of a term or constraint. */
void podspec_check_label_keys(const js *term, const char *path, struct field_errors *errs);

/* host.c: what the Pod shares with its node: network, names, namespaces. */
void podspec_check_host(const struct podspec *p);

/* security.c, windows.c */
void podspec_check_pod_security(const struct podspec *p);
void podspec_check_security(const struct podspec_container *c);
void podspec_check_apparmor(const js *profile, const char *path, struct field_errors *errs);
void podspec_check_windows_options(const js *options, const char *path, struct field_errors *errs);
void podspec_check_os(const struct podspec *p); /* host processes of Windows, and what a system has */

/* warn.c, warn_labels.c, warn_ports.c, warn_paths.c */
struct podspec_warning {
	const struct strategy_ctx *ctx;
	const char *base; /* "", or a template's path with a dot behind it */
	const js *meta, *spec;
};
void podspec_warn_labels(const struct podspec_warning *w);    /* of nodes that have other names by now */
void podspec_warn_selectors(const struct podspec_warning *w); /* of other Pods that select none */
void podspec_warn_ports(const struct podspec_warning *w);
void podspec_warn_paths(const struct podspec_warning *w); /* of files in volumes */

/* level.c: of a Pod; linear in its containers' resources. */
void podspec_default_level(js *spec);
void podspec_check_level(const struct podspec *p);

/* text.c */
bool podspec_has_backsteps(const char *s);
void podspec_check_descending(const char *s, const char *path, struct field_errors *errs);
bool podspec_is_padded(const char *s);

/* metadata.c: of things that are made from it later. */
void podspec_check_meta(const js *meta, const char *path, struct field_errors *errs);

#endif
