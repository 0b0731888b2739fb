# frozen_string_literal: true

# Options: explicit beats environment beats default. SPDX-License-Identifier: BSD-2-Clause
module Hda
  # One set of options. What is guessed (app, role, revision) is guessed when the first job is over: then the program has its name.
  class Config
    REVISIONS = %w[HDA_REVISION GIT_REV KAMAL_VERSION HEROKU_SLUG_COMMIT].freeze
    # name => [environment, default, kind]
    TABLE = {
      enabled: ["HDA", nil, :bool], socket: ["HDA_SOCKET", "/run/hda/ingest.sock", :path],
      app: ["HDA_APP", nil, :text], role: ["HDA_ROLE", nil, :text], revision: ["HDA_REVISION", nil, :text],
      every: ["HDA_EVERY", 1000, :count], jitter: ["HDA_JITTER", 0.1, :real], min_interval: ["HDA_MIN_INTERVAL", 60, :real],
      max_interval: ["HDA_MAX_INTERVAL", nil, :span], deadline: ["HDA_DEADLINE", 120, :real],
      ack_timeout: ["HDA_ACK_TIMEOUT", 30, :real], headroom: ["HDA_HEADROOM", 0.25, :real], trace: ["HDA_TRACE", false, :bool],
      names: ["HDA_NAMES", true, :bool],
      stacks: ["HDA_STACKS", true, :bool],
      dir: ["HDA_DIR", nil, :path], dir_budget: ["HDA_DIR_BUDGET", 4 << 30, :size], logger: [nil, nil, :any]
    }.freeze
    LARGEST = 1_000_000_000 # of a number: the system's clocks and limits take no larger one everywhere
    WANTED = { bool: "0 or 1", count: "a whole number from 1", real: "a number from 0 to #{LARGEST}", text: "a text", path: "a path",
               span: "a number of seconds from 1 to #{LARGEST}", size: "a number of bytes from 1, or one with K, M, G or T" }.freeze
    NIL_IS_OFF = %i[dir max_interval].freeze # of the others it is as if they were not given
    BOOLS = { "1" => true, "true" => true, "yes" => true, "on" => true,
              "0" => false, "false" => false, "no" => false, "off" => false }.freeze
    UNITS = { "" => 0, "K" => 10, "M" => 20, "G" => 30, "T" => 40 }.freeze
    LABEL_MAX = 63 # bytes of a label: as many as the daemon keeps

    attr_reader(*(TABLE.keys - %i[app role revision]))

    # Raises ArgumentError for a wrong option. A wrong value in the environment is reported on standard error and not taken:
    # it must not keep a program from starting.
    def initialize(opts = {}, env = ENV)
      unknown = opts.keys - TABLE.keys
      raise ArgumentError, "hda: unknown option #{unknown.join(', ')}" unless unknown.empty?
      TABLE.each { |name, row| instance_variable_set("@#{name}", given?(opts, name) ? given(name, opts[name]) : found(env, *row)) }
      @classic = env["HEAP_DUMP"] == "true"
      if @classic
        @trace = true unless opts.key?(:trace)
        @enabled = true if @enabled.nil?
      end
      @expected = @enabled || given?(opts, :socket) || !env["HDA_SOCKET"].to_s.empty?
      @guessed_revision = guess_revision(env)
    end

    # Somebody said that there is a daemon: that it is absent is worth a line.
    def expected?
      @expected ? true : false
    end

    # Fixes what is guessed. May be called again; what was given stays.
    def guess
      @app_label = label(@app || guess_app)
      @role_label = label(@role || guess_role)
    end

    # The labels as they are sent: at most LABEL_MAX bytes.
    def app
      @app_label || label(@app || guess_app)
    end

    def role
      @role_label || label(@role || guess_role)
    end

    def revision
      label(@revision || @guessed_revision)
    end

    private

    def given?(opts, name)
      opts.key?(name) && (NIL_IS_OFF.include?(name) || !blank?(opts[name]))
    end

    def blank?(value)
      value.nil? || value == ""
    end

    def given(name, value)
      kind = TABLE[name][2]
      return value if kind == :any
      return nil if blank?(value)
      value = parse(value, kind) if kind == :size && value.is_a?(String)
      value = absolute(value) if kind == :path
      return value if fits?(value, kind)
      raise ArgumentError, "hda: #{name}: #{value.inspect} is not #{WANTED[kind]}"
    end

    def found(env, var, default, kind)
      text = var && env[var]
      return default if text.nil? || text.empty?
      value = parse(text, kind)
      return value if fits?(value, kind)
      say("hda: #{var}: #{text.inspect} is not #{WANTED[kind]}; #{default.inspect} is taken\n")
      default
    end

    # Where standard error is closed, nobody hears it.
    def say(line)
      $stderr.write(line)
    rescue StandardError
      nil
    end

    # A program that becomes a daemon goes to another folder. Anything but a text or a Pathname stays as it is.
    def absolute(path)
      path = path.to_path if path.respond_to?(:to_path)
      path.is_a?(String) ? File.expand_path(path) : path
    rescue ArgumentError, SystemCallError
      path # nobody's home, no folder to be in: said when it is used
    end

    def fits?(value, kind)
      case kind
      when :bool then [true, false].include?(value)
      when :count, :size then value.is_a?(Integer) && value >= 1
      when :real then number?(value) && value.between?(0, LARGEST)
      when :span then number?(value) && value.between?(1, LARGEST)
      when :path then value.is_a?(String)
      else value.is_a?(String) || value.is_a?(Symbol)
      end
    end

    def number?(value)
      value.is_a?(Numeric) && value.real? && value.to_f.finite?
    end

    # The value, or nil when the text is none.
    def parse(text, kind)
      case kind
      when :bool then BOOLS[text.downcase]
      when :count then Integer(text, 10)
      when :real, :span then Float(text)
      when :size then text =~ /\A(\d+)([KMGT]?)\z/i ? $1.to_i << UNITS[$2.upcase] : nil
      when :path then absolute(text)
      else text
      end
    rescue ArgumentError
      nil
    end

    # At most LABEL_MAX bytes, whole characters of UTF-8.
    def label(text)
      text.to_s.dup.force_encoding(Encoding::UTF_8).scrub("?").byteslice(0, LABEL_MAX).scrub("")
    end

    # Rails' name of itself, else the folder's: /srv/shop, /srv/shop/current, /srv/shop/releases/20261124 are all "shop".
    def guess_app
      rails = rails_name
      return rails if rails
      dir = Dir.pwd
      dir = File.dirname(dir) if File.basename(dir) == "current"
      up = File.dirname(dir)
      dir = File.dirname(up) if File.basename(up) == "releases"
      File.basename(dir)
    rescue SystemCallError
      "" # the folder is gone
    end

    # Shop::Application is "shop".
    def rails_name
      return nil unless defined?(::Rails.application) && ::Rails.application
      name = ::Rails.application.class.name.to_s.split("::").first.to_s
      name.empty? ? nil : name.gsub(/([a-z\d])([A-Z])/, '\1_\2').downcase
    rescue StandardError
      nil
    end

    # "sidekiq 6.4.1 shop [0 of 5 busy]", "puma: cluster worker 0: 4121 [shop]", "/usr/bin/rake" are sidekiq, puma, rake.
    def guess_role
      File.basename($PROGRAM_NAME.to_s.split(/[\s:]/).first.to_s, ".rb")
    end

    def guess_revision(env)
      var = REVISIONS.find { |v| env[v] && !env[v].empty? }
      return env[var] if var
      File.file?("REVISION") ? File.read("REVISION", LABEL_MAX).to_s.strip : nil
    rescue SystemCallError
      nil
    end
  end
end
