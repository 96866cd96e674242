/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which machine of the family the headers in this folder are for.
 */
#ifndef UMPS_VARIANT_H
#define UMPS_VARIANT_H

#define UMPS_VARIANT 3

#endif
