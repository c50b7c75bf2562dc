/* SPDX-License-Identifier: Apache-2.0 */
/* ControllerRevisions: data is fixed (the schema says so), the number may move up when a state comes back. */
#include "kinds/strategies.h"

const struct strategy controllerrevision_strategy = {
	.group = "apps",
	.kind = "ControllerRevision",
};
