# frozen_string_literal: true

# Counts ActiveJob's jobs, whatever runs them. SPDX-License-Identifier: BSD-2-Clause
require "hda"
require "hda/counting"

module Hda
  # include Hda::ActiveJob in ApplicationJob; with the Railtie it is there already.
  module ActiveJob
    def self.included(base)
      # The class, not the job: no argument is looked at.
      base.around_perform { |job, block| Counting.around(job.class, &block) }
      Counting.start unless defined?(Hda::Railtie)
    end
  end
end
