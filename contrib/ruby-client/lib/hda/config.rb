# frozen_string_literal: true

# Options: explicit beats environment beats default. SPDX-License-Identifier: BSD-2-Clause
module Hda
  class Config
    REVISIONS = %w[HDA_REVISION GIT_REV KAMAL_VERSION HEROKU_SLUG_COMMIT].freeze
    # name => [environment, default, kind]
    TABLE = {
      enabled: ["HDA", nil, :bool], socket: ["HDA_SOCKET", "/run/hda/ingest.sock", :text],
      app: ["HDA_APP", nil, :text], role: ["HDA_ROLE", nil, :text], revision: ["HDA_REVISION", nil, :text],
      every: ["HDA_EVERY", 1000, :count], jitter: ["HDA_JITTER", 0.1, :real], min_interval: ["HDA_MIN_INTERVAL", 60, :real],
      deadline: ["HDA_DEADLINE", 120, :real], ack_timeout: ["HDA_ACK_TIMEOUT", 30, :real],
      headroom: ["HDA_HEADROOM", 0.25, :real], trace: ["HDA_TRACE", false, :bool], logger: [nil, nil, :any]
    }.freeze
    WANTED = { bool: "0 or 1", count: "a whole number from 1", real: "a number from 0", text: "a text" }.freeze
    BOOLS = { "1" => true, "true" => true, "yes" => true, "on" => true,
              "0" => false, "false" => false, "no" => false, "off" => false }.freeze
    attr_accessor(*TABLE.keys)

    LABEL_MAX = 64 # bytes of a label

    # Raises ArgumentError for a wrong option. A wrong value in the environment is reported on standard error and not taken:
    # it must not keep a program from starting.
    def initialize(opts = {}, env = ENV)
      unknown = opts.keys - TABLE.keys
      raise ArgumentError, "hda: unknown option #{unknown.join(', ')}" unless unknown.empty?
      TABLE.each { |name, row| instance_variable_set("@#{name}", opts.key?(name) ? given(name, opts[name]) : found(env, *row)) }
      if env["HEAP_DUMP"] == "true"
        @trace = true unless opts.key?(:trace)
        @enabled = true if @enabled.nil?
      end
      @app = label(@app || File.basename(Dir.pwd))
      @role = label(@role || File.basename($PROGRAM_NAME.to_s))
      @revision = label(@revision || guess_revision(env))
    end

    private

    def given(name, value)
      kind = TABLE[name][2]
      return value if kind == :any || (value.nil? && %i[text bool].include?(kind)) || fits?(value, kind)
      raise ArgumentError, "hda: #{name}: #{value.inspect} is not #{WANTED[kind]}"
    end

    def found(env, var, default, kind)
      text = var && env[var]
      return default if text.nil? || text.empty?
      value = parse(text, kind)
      return value if fits?(value, kind)
      $stderr.write("hda: #{var}: #{text.inspect} is not #{WANTED[kind]}; #{default.inspect} is taken\n")
      default
    end

    def fits?(value, kind)
      case kind
      when :bool then [true, false].include?(value)
      when :count then value.is_a?(Integer) && value >= 1
      when :real then value.is_a?(Numeric) && value.real? && value.to_f.finite? && value >= 0
      else value.is_a?(String) || value.is_a?(Symbol)
      end
    end

    # The value, or nil when the text is none.
    def parse(text, kind)
      case kind
      when :bool then BOOLS[text.downcase]
      when :count then Integer(text, 10)
      when :real then Float(text)
      else text
      end
    rescue ArgumentError
      nil
    end

    # At most LABEL_MAX bytes, whole characters of UTF-8.
    def label(text)
      text.to_s.dup.force_encoding(Encoding::UTF_8).scrub("?").byteslice(0, LABEL_MAX).scrub("")
    end

    def guess_revision(env)
      var = REVISIONS.find { |v| env[v] && !env[v].empty? }
      return env[var] if var
      File.file?("REVISION") ? File.read("REVISION", 64).to_s.strip : nil
    rescue SystemCallError
      nil
    end
  end
end
