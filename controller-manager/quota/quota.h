/* SPDX-License-Identifier: Apache-2.0 */
/* How often quotas are counted anew without a reason. */
#ifndef QUOTA_QUOTA_H
#define QUOTA_QUOTA_H

#include <stdint.h>

/* Before the controllers start. */
void quota_set_period(int64_t ns);

#endif
