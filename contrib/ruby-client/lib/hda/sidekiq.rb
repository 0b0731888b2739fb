# frozen_string_literal: true

# Counts Sidekiq's jobs. SPDX-License-Identifier: BSD-2-Clause
require "hda"

module Hda
  module Sidekiq
    class Middleware
      # A failed job counts too.
      def call(worker, _job, _queue)
        yield
      ensure
        Hda.tick(worker.class)
      end
    end
  end
end

if defined?(::Sidekiq) && ::Sidekiq.respond_to?(:configure_server)
  ::Sidekiq.configure_server do |config|
    Hda.start(role: "sidekiq") unless Hda.started?
    config.server_middleware { |chain| chain.prepend(Hda::Sidekiq::Middleware) }
  end
end
