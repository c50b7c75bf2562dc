/* SPDX-License-Identifier: Apache-2.0 */
/* The plugins of this room; called by admission.c only. */
#ifndef ADMISSION_PLUGINS_H
#define ADMISSION_PLUGINS_H

#include "admission/admission.h"

admission_fn admit_namespace_lifecycle, admit_custom_resource, admit_service_account, admit_node_taint,
	admit_priority, admit_toleration_seconds, admit_runtime_class, admit_runtime_overhead,
	admit_default_class;

#endif
