/* SPDX-License-Identifier: Apache-2.0 */
/* What the kind CustomResourceDefinition and who serves definitions both have to know. Any thread. */
#ifndef KINDS_APIEXTENSIONS_DEFINITION_H
#define KINDS_APIEXTENSIONS_DEFINITION_H

#include "base/buf.h"
#include "object/json.h"

/* Holds a definition that is being deleted while there are objects of it. */
#define DEFINITION_FINALIZER "customresourcecleanup.apiextensions.k8s.io"

/* Groups of the Kubernetes community want an annotation that says where a definition was approved. */
#define DEFINITION_APPROVED "api-approved.kubernetes.io"
bool definition_is_protected(const char *group);
/* What the annotation ("" = none) says, as a condition's reason: ApprovedAnnotation, UnapprovedAnnotation (which is fine, too),
   MissingAnnotation, InvalidAnnotation; its message is added to *ret. */
const char *definition_approval(const char *text, struct buf *ret);

/* Certificates by which the conversion's webhook is judged can be read, or there are none. */
bool definition_has_valid_authorities(const js *crd);

/* A condition's reason when a schema is not structural, its message added to *ret; NULL: all are. */
const char *definition_judge_structure(const js *crd, struct buf *ret);

#endif
