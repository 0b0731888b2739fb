# frozen_string_literal: true

# SPDX-License-Identifier: BSD-2-Clause
module Hda
  # The clock that nobody sets.
  module Clock
    private

    # Seconds.
    def mono
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end
end
