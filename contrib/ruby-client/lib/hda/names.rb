# frozen_string_literal: true

# What objects are called: constants, global variables, variables of classes and threads. SPDX-License-Identifier: BSD-2-Clause
module Hda
  # A heap dump says which class refers to a Hash, not by which constant. In the child, after the heap: a ROOT line a name, which
  # every reader of dumps can read, and which hdad takes for a name and not for a root (hda-protocol(7)). Names are code; no value
  # is read but to see where it lies, nothing is loaded, no method of the application is called.
  module Names
    MAX = 4000         # names sent
    MODULES_MAX = 50_000
    SECONDS = 1.0      # spent on it at most
    LENGTH_MAX = 200   # bytes of a name
    # What never grows, or has a name of its own.
    DULL = [Module, String, Symbol, Numeric, Regexp, Range, Encoding, IO, NilClass, TrueClass, FalseClass, Method, UnboundMethod].freeze
    GLOBAL = /\A\$[A-Za-z_]\w+\z/.freeze # $~ and its like are none, and some warn
    KEY = /\A\w+[?!]?\z/.freeze
    TO_S, IVARS, IVAR = %i[to_s instance_variables instance_variable_get].map { |m| Kernel.instance_method(m) }
    NAME, SINGLETON, CONSTANTS, CONSTANT, AUTOLOAD, CLASS_VARS, CLASS_VAR =
      %i[name singleton_class? constants const_get autoload? class_variables class_variable_get].map { |m| Module.instance_method(m) }

    module_function

    # The lines as one text. Changes $VERBOSE: for a process that ends soon.
    def lines
      $VERBOSE = nil # deprecated constants warn
      out = { text: +"".b, left: MAX, till: Process.clock_gettime(Process::CLOCK_MONOTONIC) + SECONDS }
      catch(:enough) do
        globals(out)
        threads(out)
        seen = 0
        ObjectSpace.each_object(Module) do |m|
          throw :enough if (seen += 1) > MODULES_MAX
          attempt { of_module(out, m) }
        end
      end
      out[:text]
    end

    def globals(out)
      global_variables.grep(GLOBAL).each do |g|
        attempt { say(out, eval(g.to_s)) { "global #{g}" } } # rubocop:disable Security/Eval -- its form was looked at
      end
    end

    def threads(out)
      ObjectSpace.each_object(Thread) do |t|
        attempt do
          t.keys.grep(KEY).each { |k| say(out, t[k]) { "Thread[:#{k}]" } }
          t.thread_variables.grep(KEY).each { |k| say(out, t.thread_variable_get(k)) { "Thread[:#{k}]" } }
        end
      end
    end

    def of_module(out, mod)
      return if SINGLETON.bind_call(mod)
      name = NAME.bind_call(mod) or return
      throw :enough if Process.clock_gettime(Process::CLOCK_MONOTONIC) > out[:till]
      within = "#{name}::" unless mod.equal?(Object)
      CONSTANTS.bind_call(mod, false).each do |c|
        say(out, CONSTANT.bind_call(mod, c, false)) { "constant #{within}#{c}" } unless AUTOLOAD.bind_call(mod, c, false)
      end
      kind = Class === mod ? "class" : "module" # rubocop:disable Style/CaseEquality
      IVARS.bind_call(mod).each { |v| say(out, IVAR.bind_call(mod, v)) { "#{kind} #{name} #{v}" } }
      CLASS_VARS.bind_call(mod, false).each { |v| say(out, CLASS_VAR.bind_call(mod, v)) { "#{kind} #{name} #{v}" } }
    end

    # The block gives its name.
    def say(out, object)
      return if DULL.any? { |c| c === object } # rubocop:disable Style/CaseEquality
      address = TO_S.bind_call(object)[/:0x0*(\h+)>\z/, 1] or return
      name = yield
      return if name.bytesize > LENGTH_MAX || name.match?(/["\\[:cntrl:]]/)
      out[:text] << %({"type":"ROOT", "root":"hda: ) << name.b << %(", "references":["0x#{address}"]}\n)
      throw :enough if (out[:left] -= 1) < 1
    end

    # What cannot be looked at has no name.
    def attempt
      yield
    rescue StandardError, ScriptError
      nil
    end
  end
end
