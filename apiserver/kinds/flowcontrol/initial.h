/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The FlowSchemas and PriorityLevelConfigurations that every cluster has (k8s.io/apiserver pkg/apis/flowcontrol/bootstrap).
 * Mandatory ones can be nothing else; the others are suggestions, kept as long as nobody says otherwise. Pure, any thread.
 */
#ifndef FLOWCONTROL_INITIAL_H
#define FLOWCONTROL_INITIAL_H

#include "object/json.h"

#define INITIAL_GROUP "flowcontrol.apiserver.k8s.io"
#define INITIAL_SCHEMAS "flowschemas"
#define INITIAL_LEVELS "prioritylevelconfigurations"
/* "true" while the server may change the object's spec into what it suggests. */
#define INITIAL_AUTOMATIC "apf.kubernetes.io/autoupdate-spec"

struct initial {
	const char *resource, *name;
	bool mandatory;
};
/* One after the other, in the order in which they are made: levels before what refers to them. False: there are no more. */
bool initial_at(size_t i, struct initial *ret);

/* With defaults; a new tree. NULL: there is no such object. */
js *initial_spec(const char *resource, const char *name) MUST_CHECK;
bool initial_is_mandatory(const char *resource, const char *name);

/* Whether the spec is what is wanted. What the level `exempt` may borrow and lend is everybody's own affair. */
bool initial_holds(const char *resource, const char *name, const js *spec);

#endif
