# frozen_string_literal: true

# Rails: config.hda, requests and jobs are counted. SPDX-License-Identifier: BSD-2-Clause
require "hda"
require "hda/counting"
require "rails/railtie"
require "active_support/ordered_options"

module Hda
  # config.hda.every = 500 and so on: the options of Hda.start. config.hda.enabled = false switches all of it off.
  class Railtie < ::Rails::Railtie
    config.hda = ActiveSupport::OrderedOptions.new

    # Before the stack is built: outermost.
    initializer "hda.rack" do |app|
      require "hda/rack"
      app.config.middleware.insert_before(0, Hda::Rack) unless app.config.hda.enabled == false
    end

    initializer "hda.active_job" do |app|
      next if app.config.hda.enabled == false
      ActiveSupport.on_load(:active_job) do
        require "hda/active_job"
        include Hda::ActiveJob
      end
    end

    # After config/initializers, which may set options, too.
    initializer "hda.start", after: :load_config_initializers do |app|
      next Hda.stop if app.config.hda.enabled == false
      require "hda/sidekiq"
      require "hda/resque"
      options = app.config.hda.to_h
      # By hda/auto it was started before the application could say anything.
      defined?(Hda::Auto) && !options.empty? ? Hda.start(**options) : Counting.start(**options)
    end
  end
end
