/* SPDX-License-Identifier: Apache-2.0 */
/* See pulls.h (kubernetes/kubernetes pkg/kubelet/apis/config/validation/validation.go, pkg/kubelet/images/puller.go). */
#include "agent/pulls.h"

#include <stdbool.h>
#include <string.h>

int pulls_at_a_time(const char *serialize, int parallel, size_t *ret, struct err *err)
{
	bool one = !strcmp(serialize, "true");
	if (!one && strcmp(serialize, "false") != 0)
		return err_set(err, REASON_INVALID,
			       "--serialize-image-pulls: \"%.100s\" is neither true nor false", serialize);
	if (one && parallel > 1)
		return err_set(err, REASON_INVALID,
			       "invalid configuration: maxParallelImagePulls cannot be larger than 1 unless "
			       "SerializeImagePulls (--serialize-image-pulls) is set to false");
	*ret = one ? 1 : parallel && parallel < PULLS_MAX ? (size_t)parallel : PULLS_MAX;
	return 0;
}
