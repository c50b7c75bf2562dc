/* SPDX-License-Identifier: Apache-2.0 */
/* What the kind CustomResourceDefinition and who serves definitions both have to know. Any thread. */
#ifndef KINDS_APIEXTENSIONS_DEFINITION_H
#define KINDS_APIEXTENSIONS_DEFINITION_H

#include "base/buf.h"

/* Holds a definition that is being deleted while there are objects of it. */
#define DEFINITION_FINALIZER "customresourcecleanup.apiextensions.k8s.io"

/* Groups of the Kubernetes community want an annotation that says where a definition was approved. */
#define DEFINITION_APPROVED "api-approved.kubernetes.io"
bool definition_is_protected(const char *group);
/* What the annotation ("" = none) says, as a condition's reason: ApprovedAnnotation, UnapprovedAnnotation (which is fine, too),
   MissingAnnotation, InvalidAnnotation; its message is added to *ret. */
const char *definition_approval(const char *text, struct buf *ret);

#endif
