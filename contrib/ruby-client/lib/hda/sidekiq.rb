# frozen_string_literal: true

# Counts Sidekiq's jobs. SPDX-License-Identifier: BSD-2-Clause
require "hda"
require "hda/counting"

module Hda
  # require "hda/sidekiq" is all: in a server it starts hda and puts the middleware first. Sidekiq 4.2 to 8.
  module Sidekiq
    class Middleware
      # A failed job counts too. Of the job only its class's name is looked at ("wrapped": ActiveJob's).
      def call(worker, job, _queue, &block)
        Counting.around((job.is_a?(Hash) && job["wrapped"]) || worker.class, &block)
      end
    end

    # Once; false when there is no Sidekiq (yet).
    def self.install
      return false unless defined?(::Sidekiq) && ::Sidekiq.respond_to?(:configure_server)
      return true if @installed
      @installed = true
      ::Sidekiq.configure_server do |config|
        # In Rails the Railtie starts, when the application has said its options.
        Counting.start unless defined?(Hda::Railtie)
        config.server_middleware { |chain| chain.prepend(Middleware) }
      end
      true
    end
  end
end

Hda::Sidekiq.install
