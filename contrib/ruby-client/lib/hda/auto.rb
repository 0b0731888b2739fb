# frozen_string_literal: true

# For RUBYOPT=-rhda/auto: starts by the environment alone. SPDX-License-Identifier: BSD-2-Clause
require "hda"
Hda.start if %w[1 true].include?(ENV["HDA"]) || ENV["HEAP_DUMP"] == "true"
