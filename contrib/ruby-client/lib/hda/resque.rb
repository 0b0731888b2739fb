# frozen_string_literal: true

# Counts Resque's jobs. SPDX-License-Identifier: BSD-2-Clause
require "hda"
require "hda/counting"

module Hda
  # A Resque worker forks for each job: the worker itself counts, since what its children lose is gone with them.
  # Where FORK_PER_JOB=false, the job runs in the worker: there the job's class says `extend Hda::Resque`.
  module Resque
    # Resque calls every method of a job's class that is named so, with the job's arguments; they are passed on unseen.
    def around_perform_hda(*)
      return yield unless ENV["FORK_PER_JOB"] == "false"
      Counting.around(self) { yield }
    end

    def self.install
      return false unless defined?(::Resque) && ::Resque.respond_to?(:before_fork)
      return true if @installed
      @installed = true
      Counting.start unless defined?(Hda::Railtie)
      ::Resque.before_fork { |job| Hda.tick(job.respond_to?(:payload_class_name) ? job.payload_class_name : nil) }
      true
    end
  end
end

Hda::Resque.install
