# frozen_string_literal: true

# For RUBYOPT=-rhda/auto: all by the environment alone. SPDX-License-Identifier: BSD-2-Clause
# By this file's whole path it loads where Bundler hides what is in no Gemfile, too.
lib = File.expand_path("..", __dir__)
$LOAD_PATH << lib unless $LOAD_PATH.include?(lib)
require "hda"

module Hda
  # Nothing of the application is loaded yet. What counts jobs is put in place at the end of the definition of what runs them: the
  # Sidekiq server, Rails' Railtie. In the middle of loading nothing else is touched.
  module Auto
    module_function

    def watch
      TracePoint.new(:end) do |tp|
        case Agent::NAME.bind_call(tp.self)
        when "Sidekiq::CLI"
          require "hda/sidekiq"
          Hda::Sidekiq.install
        when "Rails::Railtie" then require "hda/rails"
        end
      end.enable
    end
  end
end

if Hda::Config::BOOLS[ENV["HDA"].to_s.downcase] || (ENV["HEAP_DUMP"] == "true" && ENV["HDA"].to_s.empty?)
  Hda::Auto.watch if Hda.start
end
