# SPDX-License-Identifier: Apache-2.0
"""Applications of Zonda over SMP."""
