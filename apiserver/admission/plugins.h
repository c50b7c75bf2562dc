/* SPDX-License-Identifier: Apache-2.0 */
/* The plugins of this room; called by admission.c only. Each returns -1 with a refusal in *err. */
#ifndef ADMISSION_PLUGINS_H
#define ADMISSION_PLUGINS_H

#include "admission/admission.h"

int admit_namespace_lifecycle(struct admission *a, struct err *err) MUST_CHECK;
int admit_service_account(struct admission *a, struct err *err) MUST_CHECK;
int admit_node_taint(struct admission *a, struct err *err) MUST_CHECK;
int admit_priority(struct admission *a, struct err *err) MUST_CHECK;
int admit_toleration_seconds(struct admission *a, struct err *err) MUST_CHECK;

#endif
