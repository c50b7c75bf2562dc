/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PodSpec, as Pods and the templates of workloads share it: the defaults that data cannot express and the checks that
 * span fields (kubernetes/kubernetes pkg/apis/core/validation). Single values are the schema's to check. Pure, any
 * thread.
 */
#ifndef PODSPEC_PODSPEC_H
#define PODSPEC_PODSPEC_H

#include "kinds/strategy.h"

/* Templates get fewer defaults than Pods: what would be filled in when the Pod is made is left open. */
void podspec_default(js *spec, bool is_pod);
/* Fields behind feature gates that are off go, unless the old spec (NULL: there is none) has that feature in use. */
void podspec_drop_disabled(js *spec, const js *old);
/* The same of spec.template.spec of both objects. */
void podspec_drop_of_template(js *new, const js *old);
/* Whether a container that has ended with this code is to run again, by its own policy and rules, or the Pod's policy. */
bool podspec_restarts(const js *container, const char *pod_policy, int64_t code);
const char *podspec_qos(const js *spec); /* "Guaranteed", "Burstable", "BestEffort" */

/*
 * `base` is the path of the spec, `meta` the Pod's metadata; NULL: it is a template's. Runs after the schema's own checks
 * on the same errs: a volume that is wrong counts as absent.
 */
void podspec_validate(const js *spec, const js *meta, const char *base, struct field_errors *errs);
/* A whole template: its metadata, which the schema leaves alone, and what may not be in any of them. */
void podspec_validate_template(const js *template, const char *base, struct field_errors *errs);
/* Annotations that concern what the spec says; `path` is theirs. */
void podspec_validate_annotations(const js *meta, const js *spec, const char *path,
				  struct field_errors *errs);
/* Old annotations of seccomp and AppArmor may not contradict the fields; of a Pod that is made, and of templates. */
void podspec_validate_profiles(const js *meta, const js *spec, const char *base, struct field_errors *errs);
/* On update: the annotations that may not change. */
void podspec_validate_annotation_update(const js *new, const js *old, const char *path,
					struct field_errors *errs);

/* Parts of a spec that other kinds hold, too: limits of containers without requests, tolerations. */
void podspec_validate_limits(const js *limits, const char *path, struct field_errors *errs);
void podspec_validate_tolerations(const js *tolerations, const char *path, struct field_errors *errs);

/* Metadata of something to come that has labels and annotations and nothing else. */
void podspec_validate_claim_meta(const js *meta, const char *path, struct field_errors *errs);
/* A claim's spec, of ephemeral volumes and of others; path is the spec's. */
void podspec_validate_claim(const js *spec, const char *path, struct field_errors *errs);

/* A PersistentVolume's source, of those that Pods have, too; name and path are the volume's and its spec's. */
void podspec_validate_persistent(const js *spec, const char *name, const char *path,
				 struct field_errors *errs);
void podspec_validate_node_selector(const js *selector, const char *path, struct field_errors *errs);
/* Access modes of claims and volumes. */
void podspec_validate_modes(const js *modes, const char *path, struct field_errors *errs);
/* Names of resources: any, and those that containers may have. False when the name itself is wrong. */
bool podspec_validate_resource(const char *name, const char *path, struct field_errors *errs);
void podspec_validate_container_resource(const char *name, const char *path, struct field_errors *errs);
bool podspec_may_overcommit(const char *resource);

/* A container's image in the spec of a Pod. */
void podspec_validate_image(const js *container, const char *path, struct field_errors *errs);
/* The field of a container's AppArmor annotation; NULL when it means none. */
js *podspec_apparmor_from_annotation(const char *value);
#define PODSPEC_APPARMOR_ANNOTATION "container.apparmor.security.beta.kubernetes.io/"
#define PODSPEC_APPARMOR_WARNING "deprecated since v1.30; use the \"appArmorProfile\" field instead"

/* What the client that writes it should know. `base`: "", or the path of a template with a dot behind it. */
void podspec_warn(const struct strategy_ctx *ctx, const js *meta, const js *spec, const char *base);
/* The same of a selector of nodes, whose path that is. */
void podspec_warn_node_selector(const struct strategy_ctx *ctx, const js *selector, const char *path);
/* The same of the spec of a PersistentVolumeClaim, whose path that is. */
void podspec_warn_claim(const struct strategy_ctx *ctx, const js *spec, const char *path);

/* initContainers, containers, ephemeralContainers: upstream's order. */
#define PODSPEC_LISTS 3
extern const char *const podspec_lists[PODSPEC_LISTS];

#endif
