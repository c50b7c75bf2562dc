/* SPDX-License-Identifier: Apache-2.0 */
/* ComponentStatuses: a virtual kind that can be read. Any thread; nothing blocks. */
#ifndef REST_COMPONENT_H
#define REST_COMPONENT_H

#include "rest/api.h"

handler_fn handle_component, handle_components;

#endif
